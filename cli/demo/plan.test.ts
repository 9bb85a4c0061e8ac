import { expect, test } from 'vitest';
import { isWithin } from '../../protocol/call/deck-index.ts';
import { affordableSeconds } from '../../protocol/call/permission.ts';
import { calls, deposits, escrows, expectationOf, termsFor } from './plan.ts';

test('twenty calls, among them each kind that is to be seen', () => {
  expect(calls).toHaveLength(20);
  const count = (of: (call: (typeof calls)[number]) => unknown) => calls.filter((call) => of(call)).length;
  expect(count(({ twist }) => twist === 'duplicate')).toBe(1);
  expect(count(({ twist }) => twist === 'conflict')).toBe(1);
  expect(count(({ refusal }) => refusal)).toBe(1);
  expect(count(({ cutAfterS }) => cutAfterS)).toBe(1);
  expect(new Set(calls.map((call) => expectationOf(call).outcome))).toEqual(new Set(['settled', 'free', 'refused']));
});

test('each call is made within what was agreed, but for the one that is refused', () => {
  for (const { escrow, to, refusal } of calls) {
    const { provider, agreed } = escrows[escrow];
    const { terms } = termsFor(provider, to) ?? {};
    const { ratePerSecond, feePerCall, increment } = agreed;
    expect(terms && isWithin(terms, { ratePerSecond, feePerCall, increment })).toBe(refusal === undefined);
  }
});

test('what is reserved covers what is claimed, and a call that is cut is cut where the money ends', () => {
  for (const [name, { amount, provider }] of Object.entries(escrows)) {
    const own = calls.filter(({ escrow }) => escrow === name);
    expect(own.reduce((sum, call) => sum + expectationOf(call).price, 0n)).toBeLessThanOrEqual(amount);
    for (const { to, cutAfterS } of own) {
      const priced = termsFor(provider, to);
      if (cutAfterS !== undefined) expect(priced && affordableSeconds(amount, priced.terms)).toBe(cutAfterS);
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
  expect(expected(0)).toMatchObject({ entry: '+3120', seconds: 6n, price: 6n * 600n });
  expect(expected(1)).toMatchObject({ entry: '+49', seconds: 12n, price: 1_000n + 12n * 1_500n });
  expect(expected(2)).toMatchObject({ entry: '+44', seconds: 30n, price: 30n * 1_200n });
  expect(expected(4)).toMatchObject({ seconds: 0n, price: 0n, outcome: 'free' });
  expect(expected(5)).toMatchObject({ price: 0n, outcome: 'refused' });
  expect(expected(15)).toMatchObject({ seconds: 2n, price: 200n + 2n * 800n });
  expect(expected(19)).toMatchObject({ seconds: 6n, price: 12_000n });
});
