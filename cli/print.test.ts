import { expect, test } from 'vitest';
import { fields, money, span, table, toJson } from './print.ts';

test('money has both units, and is a string in JSON', () => {
  expect(money(150_000_000n)).toBe('1.5 GAS (150000000 datoshi)');
  expect(JSON.parse(toJson({ amount: 2n ** 63n - 1n, id: 7 }))).toEqual({ amount: '9223372036854775807', id: 7 });
});

test('fields are aligned, absent ones left out', () => {
  expect(fields({ a: 1, long: 'x', none: null, empty: undefined })).toEqual(['a     1', 'long  x']);
});

test('a table has no trailing blanks, and says when it is empty', () => {
  expect(table(['id', 'x'], [['1', 'abc']], 'none')).toEqual(['id  x', '1   abc']);
  expect(table(['id'], [], 'none')).toEqual(['none']);
});

test.each([
  [0, '0 s'],
  [61_000, '1 min 1 s'],
  [5_400_000, '1 h 30 min'],
  [86_400_000 + 61_000, '1 d 1 min'],
])('%i ms', (ms, expected) => expect(span(ms)).toBe(expected));
