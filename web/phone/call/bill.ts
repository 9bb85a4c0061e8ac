import { priceOf, type Terms } from '../../../protocol/call/price.ts';
import type { Datoshi } from '../../../protocol/types/datoshi.ts';

/** What the provider's record says of a call. Times are milliseconds since 1970. */
export type Record = { answeredAt: number | null; endedAt: number; price: bigint };

export type Verdict =
  /** Its price may be signed for, in full. */
  | { kind: 'agreed'; price: Datoshi }
  /** It is longer than the call was here. */
  | { kind: 'tooLong'; oursMs: number; theirsMs: number }
  /** Its own times come to less than it asks. */
  | { kind: 'tooDear'; right: Datoshi };

/**
 * The proxy hears of the answer before we do, and of the end after we have sent it: by the way of a message each, and
 * by the time that a page takes to begin with its sound.
 */
const TOLERANCE_MS = 2_000;

/** Whether the provider's record is what was talked here. What was signed during the call is owed in any case. */
export function review(record: Record, talked: { answeredAt: number | null; endedAt: number }, terms: Terms): Verdict {
  const oursMs = talked.answeredAt === null ? null : talked.endedAt - talked.answeredAt;
  const theirsMs = record.answeredAt === null ? null : record.endedAt - record.answeredAt;
  const right = priceOf(theirsMs, terms).price;
  if (theirsMs !== null && theirsMs > (oursMs ?? -TOLERANCE_MS) + TOLERANCE_MS)
    return { kind: 'tooLong', oursMs: oursMs ?? 0, theirsMs };
  if (record.price > right) return { kind: 'tooDear', right };
  return { kind: 'agreed', price: record.price as Datoshi };
}
