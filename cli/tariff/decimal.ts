import type { Read } from './read.ts';

/** A number exactly as it was written: money never passes through floating point. */
export type Rational = { numerator: bigint; denominator: bigint };
export type DecimalMark = '.' | ',';

const form = /^(\d{0,15})(?:([.,])(\d{0,20}))?(?:e([+-]?\d{1,2}))?$/i;
/** To a German eye 1,234 is a little more than one, to an American one it is more than a thousand. */
const ambiguous = /^[1-9]\d{0,2},\d{3}$/;

const expectedNumber = 'expected a number, e.g. 0.0125 or 0,0125, without sign, currency or thousands separator';

/**
 * Reads the numbers of one file. All of them have the same decimal mark: the given one, else that of the first number
 * that has one.
 */
export function createDecimalReader(given: DecimalMark | null): (text: string, line: number) => Read<Rational> {
  let mark = given;
  let markedAt: number | null = null;
  return (text, line) => {
    const [, whole = '', found, fraction = '', exponent = '0'] = form.exec(text) ?? [];
    if (whole + fraction === '') return { expected: expectedNumber };
    if (found !== undefined && mark !== null && found !== mark) return { expected: otherMark(mark, markedAt) };
    if (mark === null && ambiguous.test(text))
      return { expected: `expected to be told whether the comma is a decimal mark: --decimal comma or point` };
    if (found !== undefined && mark === null) {
      mark = found as DecimalMark;
      markedAt = line;
    }
    return { value: rationalOf(BigInt(whole + fraction), Number(exponent) - fraction.length) };
  };
}

function otherMark(mark: DecimalMark, line: number | null): string {
  const why = line === null ? 'as --decimal says' : `as in line ${line}`;
  return `expected ${mark === '.' ? 'a decimal point' : 'a decimal comma'}, ${why}; without thousands separator`;
}

const rationalOf = (digits: bigint, exponent: number): Rational =>
  exponent < 0
    ? { numerator: digits, denominator: 10n ** BigInt(-exponent) }
    : { numerator: digits * 10n ** BigInt(exponent), denominator: 1n };

export const one: Rational = { numerator: 1n, denominator: 1n };

export const times = (a: Rational, b: Rational): Rational => ({
  numerator: a.numerator * b.numerator,
  denominator: a.denominator * b.denominator,
});

/** @throws RangeError where `b` is 0 */
export const dividedBy = (a: Rational, b: Rational): Rational =>
  times(a, { numerator: b.denominator, denominator: b.numerator });

/** Half and more rounds up; what is more than nothing never becomes nothing. */
export function roundHalfUp({ numerator, denominator }: Rational): bigint {
  const rounded = (2n * numerator + denominator) / (2n * denominator);
  return rounded === 0n && numerator > 0n ? 1n : rounded;
}

/** As a person reads it: so many decimals, cut off behind them. */
export function inDecimals({ numerator, denominator }: Rational, decimals: number): string {
  const digits = ((numerator * 10n ** BigInt(decimals)) / denominator).toString().padStart(decimals + 1, '0');
  return `${digits.slice(0, -decimals)}.${digits.slice(-decimals)}`;
}
