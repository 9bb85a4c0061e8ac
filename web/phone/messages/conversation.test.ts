import { expect, test } from 'vitest';
import type { Address } from '../../../protocol/types/address.ts';
import { conversations, deliveryOf, isTooLong, type Message } from './conversation.ts';

const message = (given: Partial<Message>): Message => ({
  id: String(given.at ?? 0),
  peer: 'N1',
  provider: 'Np' as Address,
  direction: 'in',
  text: '',
  at: 0,
  delivery: 'delivered',
  isRead: true,
  ...given,
});

test('the newest conversation comes first, and counts what nobody has read', () => {
  const all = [
    message({ peer: 'N1', at: 3, isRead: false }),
    message({ peer: 'N1', at: 1 }),
    message({ peer: 'N2', at: 9, direction: 'out', isRead: false }),
  ];
  expect(conversations(all).map(({ peer, unread, last }) => [peer, unread, last.at])).toEqual([
    ['N2', 0, 9],
    ['N1', 1, 3],
  ]);
});

test.each([
  [200, 'delivered'],
  [202, 'kept'],
  [480, 'away'],
  [404, 'away'],
  [403, 'failed'],
  [null, 'failed'],
])('an answer of %s: %s', (status, delivery) => {
  expect(deliveryOf(status)).toBe(delivery);
});

test('the length counts in bytes', () => {
  expect([isTooLong('a'.repeat(60_000)), isTooLong('é'.repeat(30_001))]).toEqual([false, true]);
});
