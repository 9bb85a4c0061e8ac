import type { z } from 'zod';
import { Refusal } from './problem.ts';

type Key = readonly (string | number)[];

/** Where a page ended, opaque to the reader: the sort key of its last item. */
export function encodeCursor(key: Key): string {
  return Buffer.from(JSON.stringify(key)).toString('base64url');
}

/** @throws Refusal where a reader made it up */
export function decodeCursor<T extends Key>(cursor: string | undefined, schema: z.ZodType<T>): T | undefined {
  if (cursor === undefined) return undefined;
  const key = schema.safeParse(parseJson(Buffer.from(cursor, 'base64url').toString()));
  if (key.success) return key.data;
  const message = 'is no cursor of this list';
  throw new Refusal('invalidRequest', `cursor: ${message}`, { errors: [{ path: 'cursor', message }] });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Of `limit + 1` rows: those of the page, and the cursor where there are more. */
export function pageOf<Row>(
  rows: Row[],
  limit: number,
  keyOf: (row: Row) => Key,
): { rows: Row[]; next: string | null } {
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  return { rows: shown, next: last && rows.length > limit ? encodeCursor(keyOf(last)) : null };
}
