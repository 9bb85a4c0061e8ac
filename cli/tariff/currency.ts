import type { Layout } from './columns.ts';
import { one, type Rational } from './decimal.ts';
import type { Read } from './read.ts';

/** How much of the file's money buys one GAS, and what a cell of the column `currency` must say. */
export type Currency = { gasPrice: Rational; check: (cell: string) => Read<string> };

/**
 * Takes nothing for granted: a price in dollars that is read as GAS is several times the price. @returns a sentence
 * where the file and `--gas-price` do not go together
 */
export function currencyFor({ columns, currency }: Layout, gasPrice: Rational | null): Currency | string {
  const isOne = gasPrice === null || gasPrice.numerator === gasPrice.denominator;
  if (currency === 'GAS' && !isOne) return 'the file is in GAS, as its headers say: --gas-price is for a currency';
  if (gasPrice === null && currency !== 'GAS' && currency !== null)
    return `the file is in ${currency}: give --gas-price <price of a GAS in ${currency}>`;
  if (gasPrice === null && currency === null && !columns.currency)
    return 'no header says in what money the rates are: give --gas-price <price of a GAS in it>, 1 where it is GAS';
  let known = gasPrice === null ? 'GAS' : currency;
  const check = (cell: string): Read<string> => {
    const found = cell.toUpperCase();
    if (found === '') return { expected: `expected a currency, e.g. ${known ?? 'EUR'}` };
    if (found === 'GAS' && !isOne) return { expected: 'expected another currency than GAS, which has no --gas-price' };
    known ??= found;
    if (found === known) return { value: found };
    return { expected: gasPrice === null ? `expected GAS, or --gas-price` : `expected ${known}, as before` };
  };
  return { gasPrice: gasPrice ?? one, check };
}
