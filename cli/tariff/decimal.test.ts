import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createDecimalReader, inDecimals, type Rational, roundHalfUp } from './decimal.ts';

const read = (text: string, mark: '.' | ',' | null = null) => createDecimalReader(mark)(text, 1);
const exactly = (text: string, mark: '.' | ',' | null = null): Rational => {
  const found = read(text, mark);
  if ('expected' in found) throw new Error(`${text}: ${found.expected}`);
  return found.value;
};
const isSame = (a: Rational, b: Rational) => a.numerator * b.denominator === b.numerator * a.denominator;

describe('a number of a file', () => {
  test('is read exactly, with either mark', () => {
    const parts = fc.tuple(fc.bigInt(0n, 10n ** 15n - 1n), fc.stringMatching(/^\d{0,20}$/), fc.constantFrom('.', ','));
    fc.assert(
      fc.property(parts, ([whole, fraction, mark]) => {
        const exact = { numerator: BigInt(`${whole}${fraction}`), denominator: 10n ** BigInt(fraction.length) };
        expect(isSame(exactly(`${whole}${mark}${fraction}`, mark as '.' | ','), exact)).toBe(true);
      }),
    );
    expect(exactly('.5')).toEqual({ numerator: 5n, denominator: 10n });
    expect(isSame(exactly('5e-05'), { numerator: 5n, denominator: 100_000n })).toBe(true);
    expect(isSame(exactly('1.5E2'), { numerator: 150n, denominator: 1n })).toBe(true);
  });

  test.each(['', '.', '-1', '+1', '1 000', '1.000,5', '1,000.5', '€1', '1e', 'e5', 'NaN', '0x10', '1_0', '٣'])(
    "'%s' is none",
    (text) => expect(read(text)).toMatchObject({ expected: expect.stringMatching(/^expected a /) }),
  );

  test('has the decimal mark that all of the file have', () => {
    const readNext = createDecimalReader(null);
    expect(readNext('5', 1)).toHaveProperty('value');
    expect(readNext('0,5', 2)).toHaveProperty('value');
    expect(readNext('1,234', 3)).toHaveProperty('value');
    expect(readNext('0.5', 4)).toEqual({
      expected: 'expected a decimal comma, as in line 2; without thousands separator',
    });
    expect(read('0,5', '.')).toEqual({
      expected: 'expected a decimal point, as --decimal says; without thousands separator',
    });
  });

  test('that may be a thousand times another is asked for', () => {
    expect(read('1,234')).toMatchObject({ expected: expect.stringContaining('--decimal') });
    expect(exactly('1,234', ',')).toEqual({ numerator: 1_234n, denominator: 1_000n });
    expect(exactly('0,234')).toEqual({ numerator: 234n, denominator: 1_000n });
  });
});

describe('rounding', () => {
  const rational = fc.record({ numerator: fc.bigInt(0n, 10n ** 30n), denominator: fc.bigInt(1n, 10n ** 15n) });

  test('goes to the nearest, the half upwards; nothing that costs something becomes free', () => {
    fc.assert(
      fc.property(rational, ({ numerator, denominator }) => {
        const rounded = roundHalfUp({ numerator, denominator });
        if (numerator === 0n) expect(rounded).toBe(0n);
        else if (2n * numerator < denominator) expect(rounded).toBe(1n);
        else {
          const twice = 2n * (rounded * denominator - numerator);
          expect(twice > -denominator && twice <= denominator).toBe(true);
        }
      }),
    );
    const halves = [1n, 3n, 5n].map((numerator) => roundHalfUp({ numerator, denominator: 2n }));
    expect(halves).toEqual([1n, 2n, 3n]);
  });

  test('is shown with so many decimals', () => {
    expect(inDecimals({ numerator: 1n, denominator: 3n }, 4)).toBe('0.3333');
    expect(inDecimals({ numerator: 200n, denominator: 3n }, 1)).toBe('66.6');
  });
});
