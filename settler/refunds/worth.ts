import type { Refund } from './find.ts';

/**
 * Those whose rest is at least so many times their share of what running all of them costs (pure). What the
 * transaction's bytes cost is shared too, and a tenth of that at the most.
 */
export function worthRefunding(refunds: readonly Refund[], cost: bigint, minFees: number): Refund[] {
  return refunds.filter(({ rest }) => rest * BigInt(refunds.length) >= cost * BigInt(minFees));
}
