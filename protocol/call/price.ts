import { type Datoshi, datoshi } from '../types/datoshi.ts';

/** What a call costs: a rate deck's entry, or the escrow's own terms. */
export type Terms = {
  ratePerSecond: Datoshi;
  feePerCall: Datoshi;
  /** Seconds that are billed at least. */
  initialIncrement: number;
  /** Seconds in which is counted above that. */
  increment: number;
};

/**
 * Seconds to bill for an answered call of so many milliseconds: rounded up to seconds, at least `initialIncrement`,
 * then up to the next multiple of `increment` above it. An unanswered call (null) bills none.
 */
function billableSeconds(answeredMs: number | null, { initialIncrement, increment }: Terms): bigint {
  if (answeredMs === null) return 0n;
  const above = Math.ceil(answeredMs / 1000) - initialIncrement;
  return BigInt(initialIncrement + Math.max(0, Math.ceil(above / increment)) * increment);
}

/** What a call costs as soon as it is answered: the fee, and its first increment. */
export const leastPrice = (terms: Terms): Datoshi => priceOf(0, terms).price;

/** `feePerCall + ratePerSecond * billableSeconds`; an unanswered call costs nothing. */
export function priceOf(answeredMs: number | null, terms: Terms): { seconds: bigint; price: Datoshi } {
  const seconds = billableSeconds(answeredMs, terms);
  const price = answeredMs === null ? 0n : terms.feePerCall + terms.ratePerSecond * seconds;
  return { seconds, price: datoshi(price) };
}
