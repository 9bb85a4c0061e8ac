import fc from 'fast-check';
import { expect, test } from 'vitest';
import { contentBytes } from '../../../protocol/contract/transaction.ts';
import { createKey } from '../../../protocol/sign/key.ts';
import { datoshi } from '../../../protocol/types/datoshi.ts';
import type { ScriptHash, TxHash } from '../../../protocol/types/hash.ts';
import { height } from '../../../protocol/types/height.ts';
import { scriptOfAction } from './action.ts';
import type { Entry, EntryState } from './journal.ts';
import { addedToday, isWithinLimit, offerOf, secondsLeft } from './top-up.ts';

const now = new Date('2026-11-26T12:00:00Z');
const inMs = (ms: number) => new Date(now.getTime() + ms);
const escrow = { amount: datoshi(10_000n), spent: datoshi(1_000n), endsAt: inMs(3_600_000) };
const call = { escrow, promised: datoshi(4_000n), ratePerSecond: datoshi(10n), now };

test('what is left is told in seconds of talk and of time', () => {
  expect(secondsLeft(call)).toEqual({ money: 600, time: 3_600 });
  expect(secondsLeft({ ...call, promised: datoshi(0n) })).toEqual({ money: 900, time: 3_600 });
  expect(secondsLeft({ ...call, promised: datoshi(20_000n) })).toEqual({ money: 0, time: 3_600 });
  expect(secondsLeft({ ...call, ratePerSecond: datoshi(0n), now: inMs(4_000_000) })).toEqual({ money: null, time: 0 });
});

test('more is offered before money or time end, and not before that', () => {
  const rich = datoshi(10n ** 12n);
  expect(offerOf(call, rich)).toBeNull();
  expect(offerOf({ ...call, promised: datoshi(9_000n) }, rich)).toEqual({
    amount: 18_000n,
    durationMs: 0,
    short: 'money',
  });
  expect(offerOf({ ...call, now: inMs(3_500_000) }, rich)).toEqual({
    amount: 0n,
    durationMs: 3_600_000,
    short: 'time',
  });
  expect(offerOf({ ...call, promised: datoshi(9_000n), now: inMs(3_500_000) }, rich)).toMatchObject({ short: 'both' });
  expect(offerOf({ ...call, promised: datoshi(9_000n) }, datoshi(50n))).toMatchObject({ amount: 50n });
  expect(offerOf({ ...call, promised: datoshi(9_000n) }, datoshi(0n))).toBeNull();
});

test('an offer never asks for more than there is, or for longer than the contract allows', () => {
  const money = fc.bigInt({ min: 0n, max: 10n ** 12n }).map(datoshi);
  fc.assert(
    fc.property(
      money,
      money,
      money,
      money,
      fc.integer({ min: -1_000, max: 90 * 86_400_000 }),
      (a, b, c, balance, ms) => {
        const offer = offerOf(
          { escrow: { amount: a, spent: b, endsAt: inMs(ms) }, promised: c, ratePerSecond: c, now },
          balance,
        );
        if (!offer) return;
        expect(offer.amount <= balance).toBe(true);
        expect(ms + offer.durationMs).toBeLessThanOrEqual(90 * 86_400_000);
        expect(offer.amount > 0n || offer.durationMs > 0).toBe(true);
      },
    ),
  );
});

test('what was added without a question counts for a day, unless it came to nothing', () => {
  const contract = `0x${'c0'.repeat(20)}` as ScriptHash;
  const { address } = createKey();
  const entry = (amount: bigint, state: EntryState['kind'], hoursAgo: number, automatic = true): Entry => ({
    hash: `0x${'00'.repeat(32)}` as TxHash,
    network: 1,
    contract,
    address,
    content: contentBytes(
      {
        script: scriptOfAction(
          { kind: 'extend', id: 1n, amount: datoshi(amount), durationMs: 0 },
          { address, contract },
        ),
        nonce: 0,
        validUntilBlock: height(1),
        systemFee: datoshi(1n),
        networkFee: datoshi(1n),
      },
      address,
    ),
    validUntilBlock: height(1),
    at: inMs(-hoursAgo * 3_600_000),
    automatic,
    state: { kind: state } as EntryState,
  });
  const entries = [
    entry(1n, 'done', 1),
    entry(10n, 'sent', 23),
    entry(100n, 'done', 25),
    entry(1_000n, 'expired', 1),
    entry(10_000n, 'failed', 1),
    entry(100_000n, 'done', 1, false),
    entry(1_000_000n, 'sending', 0),
  ];
  const added = addedToday(entries, now);
  expect(added).toBe(1_000_011n);
  const offer = { amount: datoshi(5n), durationMs: 0, short: 'money' } as const;
  expect(isWithinLimit(offer, datoshi(1_000_016n), added)).toBe(true);
  expect(isWithinLimit(offer, datoshi(1_000_015n), added)).toBe(false);
  expect(isWithinLimit(offer, null, added)).toBe(false);
});
