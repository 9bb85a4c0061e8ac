/** True for an RFC 3339 text whose day and time exist: Date takes February 30 for March 2. */
export function isRealTime(text: string): boolean {
  const day = new Date(`${text.slice(0, 10)}T00:00:00Z`);
  const isDay = !Number.isNaN(day.getTime()) && day.toISOString().startsWith(text.slice(0, 10));
  return isDay && !Number.isNaN(new Date(text).getTime());
}
