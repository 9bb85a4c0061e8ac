/** The message of an error and of its causes, in one line. */
export function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error instanceof AggregateError && !error.message) return error.errors.map(describe).join('; ');
  return error.cause === undefined ? error.message : `${error.message}: ${describe(error.cause)}`;
}
