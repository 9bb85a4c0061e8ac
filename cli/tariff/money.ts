import { datoshiPerGas, maxInteger } from '../../protocol/types/datoshi.ts';
import { dividedBy, type Rational, roundHalfUp, times } from './decimal.ts';
import type { Read } from './read.ts';

/** A price of the file in datoshi, exactly, and as the deck holds it. */
export type Converted = {
  exact: Rational;
  datoshi: bigint;
  /** Rounding changed it by more than ROUNDING_BOUND. */
  isFarOff: boolean;
};

/** One part in a thousand: a price that is rounded by more is shown. */
export const ROUNDING_BOUND = 1_000n;
export const SECONDS_PER_MINUTE = 60n;

/**
 * An amount for so many seconds, in a currency of which `gasPrice` buys one GAS, becomes datoshi for one second: exactly
 * first, then rounded once.
 */
export function toDatoshiPerSecond(amount: Rational, seconds: bigint, gasPrice: Rational): Read<Converted> {
  const perSecond = dividedBy(amount, { numerator: seconds, denominator: 1n });
  const exact = dividedBy(times(perSecond, { numerator: datoshiPerGas, denominator: 1n }), gasPrice);
  const datoshi = roundHalfUp(exact);
  if (datoshi > maxInteger) return { expected: 'expected at most 92233720368.54775807 GAS' };
  return { value: { exact, datoshi, isFarOff: isFarOff(exact, datoshi) } };
}

/** A fee is rounded as a rate is. */
export const toDatoshi = (amount: Rational, gasPrice: Rational): Read<Converted> =>
  toDatoshiPerSecond(amount, 1n, gasPrice);

function isFarOff({ numerator, denominator }: Rational, datoshi: bigint): boolean {
  const difference = datoshi * denominator - numerator;
  return (difference < 0n ? -difference : difference) * ROUNDING_BOUND > numerator;
}
