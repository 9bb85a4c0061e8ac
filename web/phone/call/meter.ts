import { affordableSeconds } from '../../../protocol/call/permission.ts';
import { priceOf, type Terms } from '../../../protocol/call/price.ts';
import { type Datoshi, datoshi } from '../../../protocol/types/datoshi.ts';

/** What was talked costs, and what may be signed for it: never more than that. Times are milliseconds since 1970. */

/** A charged call while it lasts. `until`: its line is down since then, and its money stands still; null: it counts. */
export type Talk = { terms: Terms; answeredAt: number; until: number | null };

/** One escrow, as this device knows it; nobody else has its voucher key. */
export type Reserve = {
  amount: bigint;
  /** What calls came to that are over, whether they are settled or not. */
  finished: bigint;
  /** The highest total that was signed. */
  signed: bigint;
};

export const talkedMs = ({ answeredAt, until }: Talk, now: number): number => Math.max(0, (until ?? now) - answeredAt);

/** What the call has come to, rounded up as both sides agreed. */
export const costOf = (talk: Talk, now: number): Datoshi => priceOf(talkedMs(talk, now), talk.terms).price;

/** All that was talked out of the escrow, and not a datoshi that it does not hold. */
export function owed({ amount, finished }: Reserve, talks: readonly Talk[], now: number): Datoshi {
  const sum = talks.reduce((total, talk) => total + costOf(talk, now), finished);
  return datoshi(sum < amount ? sum : amount);
}

/** The total to sign now; null where it was signed already. A total never goes down: the highest one counts. */
export function totalToSign(reserve: Reserve, talks: readonly Talk[], now: number): Datoshi | null {
  const total = owed(reserve, talks, now);
  return total > reserve.signed ? total : null;
}

/**
 * The most that a provider could get who stops serving right now: what the next voucher adds. It is signed by a page
 * whose person has had one interval to hear that nobody is there.
 */
export function atRisk(talk: Talk, now: number, intervalMs: number): Datoshi {
  const ms = talkedMs(talk, now);
  return datoshi(priceOf(ms + intervalMs, talk.terms).price - (ms === 0 ? 0n : priceOf(ms, talk.terms).price));
}

/** Seconds that are left for this call, when the others go on as they are. Null: it costs nothing by time. */
export function secondsLeft(reserve: Reserve, talk: Talk, others: readonly Talk[], now: number): number | null {
  if (talk.terms.ratePerSecond === 0n) return null;
  const spent = others.reduce((total, other) => total + costOf(other, now), reserve.finished);
  const rates = [talk, ...others].reduce((sum, { terms }) => sum + terms.ratePerSecond, 0n);
  const affordable = affordableSeconds(reserve.amount - spent, talk.terms) ?? 0;
  const left = Math.max(0, affordable - Math.ceil(talkedMs(talk, now) / 1000));
  // the others eat from the same money meanwhile
  return Math.floor((left * Number(talk.terms.ratePerSecond)) / Number(rates));
}

/** When the person is told, with a beep, that the money is nearly at its end. */
export const WARN_SECONDS = 60;
