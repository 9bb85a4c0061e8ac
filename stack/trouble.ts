/** Something the person at the terminal can act on: shown as its one message, without a stack trace. */
export class Trouble extends Error {}

export function inOneLine(error: unknown): string {
  if (error instanceof Trouble) return error.message;
  const text = error instanceof Error ? error.message || error.name : String(error);
  return text.replaceAll(/\s*\n\s*/g, ' | ');
}
