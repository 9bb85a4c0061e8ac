import type { Terms } from '../../protocol/call/price.ts';

/** A call's terms as answers have them. */
export const termsShape = ({ ratePerSecond, feePerCall, initialIncrement, increment }: Terms) => ({
  ratePerSecond: ratePerSecond.toString(),
  feePerCall: feePerCall.toString(),
  increments: { initial: initialIncrement, further: increment },
});
