import { expect, test } from 'vitest';
import { calls, deposits, escrows, expectationOf } from './plan.ts';

test('twenty calls, among them each kind that is to be seen', () => {
  expect(calls).toHaveLength(20);
  expect(calls.filter(({ twist }) => twist === 'duplicate')).toHaveLength(1);
  expect(calls.filter(({ twist }) => twist === 'conflict')).toHaveLength(1);
  const outcomes = calls.map((call) => expectationOf(call).outcome);
  expect(new Set(outcomes)).toEqual(new Set(['settled', 'free', 'capped']));
});

test('what is reserved covers what is claimed, and no more calls run at once than were agreed', () => {
  for (const [name, { amount, maxParallel }] of Object.entries(escrows)) {
    const own = calls.filter(({ escrow }) => escrow === name);
    expect(own.reduce((sum, call) => sum + expectationOf(call).paid, 0n)).toBeLessThanOrEqual(amount);
    for (const { startMs } of own) {
      const running = own.filter(
        (other) => other.startMs <= startMs && other.startMs + other.ringMs + (other.talkMs ?? 0) > startMs,
      );
      expect(running.length).toBeLessThanOrEqual(maxParallel);
    }
  }
});

test('each user has deposited what they reserve', () => {
  deposits.forEach((deposit, user) => {
    const reserved = Object.values(escrows)
      .filter((escrow) => escrow.user === user)
      .reduce((sum, { amount }) => sum + amount, 0n);
    expect(reserved).toBeLessThan(deposit);
  });
});

test('some prices by hand', () => {
  const expected = (i: number) => expectationOf(calls[i] as (typeof calls)[number]);
  expect(expected(0)).toMatchObject({ seconds: 6n, price: 1_000n + 6n * 1_500n });
  expect(expected(1)).toMatchObject({ seconds: 12n, price: 1_000n + 12n * 1_500n });
  expect(expected(4)).toMatchObject({ seconds: 0n, price: 0n, outcome: 'free' });
  expect(expected(15)).toMatchObject({ seconds: 2n, price: 200n + 2n * 800n });
  expect(expected(19)).toMatchObject({ seconds: 30n, price: 15_000n, paid: 10_000n });
});
