import { expect, test } from 'vitest';
import { datoshi } from '../types/datoshi.ts';
import { compareCall } from './comparison.ts';

const price = datoshi(100n);

test.each([
  ['all of it', 250n, { amount: 100n, match: 'match' }],
  ['exactly', 100n, { amount: 100n, match: 'match' }],
  ['a part', 99n, { amount: 99n, match: 'short' }],
  ['a single datoshi', 1n, { amount: 1n, match: 'short' }],
  ['nothing', 0n, { amount: 0n, match: 'missing' }],
  ['less than what comes before the call', -40n, { amount: 0n, match: 'missing' }],
])('a voucher that reaches for %s', (_, signed, voucher) => {
  const claim = { amount: 0n, match: 'missing' };
  expect(compareCall({ price, claimed: null, signed })).toEqual({ call: 100n, voucher, claim });
});

test('a claim in part, of an escrow that asks for no voucher', () => {
  const claim = { amount: 70n, match: 'short' };
  expect(compareCall({ price, claimed: datoshi(70n), signed: null })).toEqual({ call: 100n, voucher: null, claim });
});

test('a call that costs nothing lacks nothing', () => {
  const free = { amount: 0n, match: 'match' };
  expect(compareCall({ price: datoshi(0n), claimed: null, signed: -5n })).toEqual({
    call: 0n,
    voucher: free,
    claim: free,
  });
});
