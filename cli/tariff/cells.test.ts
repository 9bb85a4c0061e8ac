import { describe, expect, test } from 'vitest';
import { readDate } from './dates.ts';
import { escapeFormula, unescapeFormula } from './formula.ts';
import { readIncrements } from './increments.ts';
import { toDatoshiPerSecond } from './money.ts';
import { readAreas, readPrefixes } from './prefixes.ts';

const expected = (text: string) => ({ expected: expect.stringContaining(text) });

describe('a prefix', () => {
  test.each([
    ['31', ['+31']],
    ['+31', ['+31']],
    ['0031', ['+31']],
    ['3120,3123-3125', ['+3120', '+3123', '+3124', '+3125']],
    ['+3120, +3123 - +3124', ['+3120', '+3123', '+3124']],
    ['0031-0033', ['+31', '+32', '+33']],
    ['998-1001', null],
    ['default', ['']],
    ['*', ['']],
    ['NEO:', ['neo:']],
    ['in:', ['in:']],
    ['sms:', ['sms:']],
    ['', null],
    ['031', null],
    ['31.0', null],
    ['3.1E+11', null],
    ['31 20', null],
    ['31;20', null],
    ['31,', null],
    ['33-31', null],
    ['1234567890123456', null],
    ['000', null],
    ['10000000-99999999', null],
  ])('%s', (cell, prefixes) => {
    expect(readPrefixes(cell)).toEqual(prefixes === null ? expected('expected ') : { value: prefixes });
  });

  test.each([
    ['31', '', ['+31']],
    ['31', '20,23-26', ['+3120', '+3123', '+3124', '+3125', '+3126']],
    ['31', '20;23|24', ['+3120', '+3123', '+3124']],
    ['39', '06,001-003', ['+3906', '+39001', '+39002', '+39003']],
    ['+44', '0020', ['+440020']],
    ['NL', '', null],
    ['31', '+20', null],
    ['31', '20-269', null],
    ['31', '12345678901234', null],
  ])('%s and the areas %s', (country, areas, prefixes) => {
    expect(readAreas(country, areas)).toEqual(prefixes === null ? expected('expected ') : { value: prefixes });
  });
});

test.each([
  ['60/60', { initial: 60, next: 60 }],
  ['1/1', { initial: 1, next: 1 }],
  ['30 / 6', { initial: 30, next: 6 }],
  ['30-6', { initial: 30, next: 6 }],
  ['60', { initial: 60, next: 60 }],
  ['3600/1', { initial: 3600, next: 1 }],
  ['0/60', null],
  ['60/3601', null],
  ['60/', null],
  ['0/60/60', null],
  ['30.06.2026', null],
  ['', null],
])('increments of %s', (cell, increments) => {
  expect(readIncrements(cell)).toEqual(increments ? { value: increments } : expected('e.g. 60/60'));
});

test.each([
  ['2026-01-31', null, '2026-01-31T00:00:00.000Z'],
  ['20260131', null, '2026-01-31T00:00:00.000Z'],
  ['2026/01/31 08:30', null, '2026-01-31T08:30:00.000Z'],
  ['2026-01-31T08:30:15.5Z', null, '2026-01-31T08:30:15.500Z'],
  ['31.01.2026', null, '2026-01-31T00:00:00.000Z'],
  ['1.2.2026 00:00:00', null, '2026-02-01T00:00:00.000Z'],
  ['01/02/2026', 'dmy', '2026-02-01T00:00:00.000Z'],
  ['01/02/2026', 'mdy', '2026-01-02T00:00:00.000Z'],
  ['01/02/2026', null, null],
  ['2026-02-30', null, null],
  ['2026-01-31 24:00', null, null],
  ['2026-01-31T08:30:00+01:00', null, null],
  ['31.01.26', null, null],
  ['46053', null, null],
] as const)('the date %s (%s)', (cell, order, time) => {
  expect(readDate(cell, order)).toEqual(time ? { value: time } : expected('expected '));
});

describe('money', () => {
  const amount = { numerator: 125n, denominator: 10_000n };
  const gasPrice = { numerator: 425n, denominator: 100n };

  test('of a minute becomes datoshi of a second, rounded once', () => {
    // 0.0125 / 4.25 GAS a minute = 294117.64… datoshi a minute = 4901.96… a second
    expect(toDatoshiPerSecond(amount, 60n, gasPrice)).toMatchObject({ value: { datoshi: 4_902n, isFarOff: false } });
  });

  test('that rounding changes by more than one in a thousand is known', () => {
    const [a, b] = [1_000n, 999n].map((numerator) =>
      toDatoshiPerSecond({ numerator, denominator: 1n }, 1n, { numerator: 10n ** 8n * 999n, denominator: 1_000n }),
    );
    // 1001.00… -> 1001; 1000 exactly
    expect([a, b]).toMatchObject([{ value: { datoshi: 1_001n } }, { value: { datoshi: 1_000n, isFarOff: false } }]);
    const tiny = toDatoshiPerSecond({ numerator: 1n, denominator: 10n ** 9n }, 60n, gasPrice);
    expect(tiny).toMatchObject({ value: { datoshi: 1n, isFarOff: true } });
    // 1.4995 -> 1; 499.5 -> 500, which is one in a thousand and no more; 498.5 -> 499, which is more
    const far = [14_995n, 4_995_000n, 4_985_000n].map((numerator) =>
      toDatoshiPerSecond({ numerator, denominator: 10_000n * 10n ** 8n }, 1n, { numerator: 1n, denominator: 1n }),
    );
    expect(far).toMatchObject([
      { value: { isFarOff: true } },
      { value: { isFarOff: true } },
      { value: { datoshi: 499n } },
    ]);
  });

  test('that no contract can hold is refused', () => {
    const huge = { numerator: 10n ** 12n, denominator: 1n };
    expect(toDatoshiPerSecond(huge, 1n, { numerator: 1n, denominator: 1n })).toEqual(expected('at most 92233720368'));
  });
});

test.each([
  ['plain', 'plain'],
  ["'quoted'", "'quoted'"],
  ['=1+1', "'=1+1"],
  ["'=1+1", "''=1+1"],
  ['-', "'-"],
  ['', ''],
])('a description %s is no formula, and comes back', (text, escaped) => {
  expect(escapeFormula(text)).toBe(escaped);
  expect(unescapeFormula(escaped)).toBe(text);
});
