import { expect, test } from 'vitest';
import { datoshi } from '../../../protocol/types/datoshi.ts';
import { review } from './bill.ts';

const terms = { ratePerSecond: datoshi(100n), feePerCall: datoshi(0n), initialIncrement: 1, increment: 1 };
const talked = { answeredAt: 10_000, endedAt: 20_000 };

test.each([
  ['the same', { answeredAt: 10_000, endedAt: 20_000, price: 1_000n }, { kind: 'agreed', price: 1_000n }],
  ['a second more, by the ways of messages', { answeredAt: 9_900, endedAt: 20_400, price: 1_100n }, { kind: 'agreed' }],
  ['cheaper than its times', { answeredAt: 10_000, endedAt: 20_000, price: 7n }, { kind: 'agreed', price: 7n }],
  ['never answered there', { answeredAt: null, endedAt: 20_000, price: 0n }, { kind: 'agreed', price: 0n }],
  [
    'longer',
    { answeredAt: 5_000, endedAt: 20_000, price: 1_500n },
    { kind: 'tooLong', oursMs: 10_000, theirsMs: 15_000 },
  ],
  ['dearer', { answeredAt: 10_000, endedAt: 20_000, price: 1_001n }, { kind: 'tooDear', right: 1_000n }],
  [
    'never answered there, and charged',
    { answeredAt: null, endedAt: 20_000, price: 1n },
    { kind: 'tooDear', right: 0n },
  ],
])('a record that is %s', (_, record, verdict) => {
  expect(review(record, talked, terms)).toMatchObject(verdict);
});

test('a call that was never answered here is not billed, however short', () => {
  const record = { answeredAt: 10_000, endedAt: 10_001, price: 100n };
  expect(review(record, { answeredAt: null, endedAt: 20_000 }, terms).kind).toBe('tooLong');
});
