import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { datoshi } from '../types/datoshi.ts';
import type { CallPrice } from './call-price.ts';
import {
  affordableSeconds,
  decidePermission,
  defaultPolicy,
  type KeptHold,
  type PermissionEscrow,
  type PermissionInput,
  promisesOf,
} from './permission.ts';
import { leastPrice, priceOf, type Terms } from './price.ts';

const start = new Date('2026-01-01T00:00:00.000Z');
const later = (ms: number) => new Date(start.getTime() + ms);
const terms: Terms = { ratePerSecond: datoshi(10n), feePerCall: datoshi(50n), initialIncrement: 60, increment: 6 };
const priced: CallPrice = { kind: 'priced', terms, entry: '+31', tariffHash: '0xdeck' };
const escrow: PermissionEscrow = {
  state: 'open',
  amount: 100_000n,
  spent: 0n,
  ratePerSecond: 10n,
  feePerCall: 50n,
  increment: 60,
  maxParallel: 3,
  endsAt: later(3_600_000),
  voucherKey: null,
  voucherTotal: 0n,
};
type Given = Partial<Omit<PermissionInput, 'own' | 'others'>> & { holds?: KeptHold[] };
const ask = ({ holds = [], callId = 'a', now = start, ...given }: Given = {}) =>
  decidePermission({
    callId,
    isOver: false,
    escrow,
    price: priced,
    unsettled: 0n,
    now,
    ...promisesOf(holds, callId, now),
    ...given,
  });
const hold = (callId: string, amount: bigint, given: Partial<KeptHold> = {}): KeptHold => ({
  callId,
  heldFrom: start,
  seconds: 300,
  amount: datoshi(amount),
  holdUntil: later(330_000),
  isHandedIn: false,
  least: datoshi(650n),
  ...given,
});

describe('a call is allowed', () => {
  test('for a slice, which is held', () => {
    expect(ask()).toEqual({
      allowed: true,
      hold: { callId: 'a', heldFrom: start, seconds: 300, amount: 3_050n, holdUntil: later(330_000) },
      maxSeconds: 300,
      terms,
      entry: '+31',
    });
  });

  test('as far as the money reaches, in whole increments', () => {
    expect(ask({ escrow: { ...escrow, amount: 50n + 600n } })).toMatchObject({
      maxSeconds: 60,
      hold: { amount: 650n },
    });
    expect(ask({ escrow: { ...escrow, amount: 50n + 719n } })).toMatchObject({
      maxSeconds: 66,
      hold: { amount: 710n },
    });
  });

  test('until the escrow ends', () => {
    expect(ask({ now: later(3_590_000) })).toMatchObject({ maxSeconds: 10, hold: { amount: 650n } });
  });

  test('longer, where it asks again: its own hold does not stand against it', () => {
    const own = hold('a', 3_050n);
    expect(ask({ holds: [own], now: later(200_000) })).toMatchObject({
      maxSeconds: 500,
      hold: { heldFrom: start, seconds: 500, holdUntil: later(530_000) },
    });
    const poor = { ...escrow, amount: 3_050n };
    expect(ask({ escrow: poor, holds: [own], now: later(200_000) })).toMatchObject({
      maxSeconds: 300,
      hold: { amount: 3_050n },
    });
  });

  test('without a hold, where it is free', () => {
    expect(
      ask({ price: { kind: 'free', tariffHash: '0xdeck' }, escrow: { ...escrow, amount: 1n, spent: 1n } }),
    ).toMatchObject({
      allowed: true,
      hold: null,
      maxSeconds: 3_600,
    });
  });

  test('where a line is free again: the CDR of another one came, and its money is held until it is rated', () => {
    const over = hold('b', 2_000n, { isHandedIn: true, holdUntil: start });
    const tight = { ...escrow, maxParallel: 1, amount: 5_000n };
    expect(ask({ escrow: tight, holds: [over] })).toMatchObject({ allowed: true, maxSeconds: 294 });
    expect(ask({ escrow: tight, holds: [{ ...over, amount: datoshi(4_351n) }] })).toMatchObject({
      reason: 'insufficientFunds',
    });
  });

  test('where holds of others are over', () => {
    const over = [1, 2, 3].map((n) => hold(`old-${n}`, 50_000n, { holdUntil: start }));
    expect(ask({ holds: over }).allowed).toBe(true);
  });
});

describe('a call is refused', () => {
  test.each<[string, Given]>([
    ['callEnded', { isOver: true }],
    ['noEscrow', { escrow: null }],
    ['escrowEnded', { escrow: { ...escrow, state: 'closing' } }],
    ['escrowEnded', { now: later(3_600_000) }],
    ['escrowEnded', { now: later(3_599_500) }],
    ['overParallel', { holds: [hold('b', 1n), hold('c', 1n), hold('d', 1n)] }],
    ['noTariff', { price: { kind: 'noTariff', tariffHash: '0xdeck' } }],
    ['deckMissing', { price: { kind: 'deckMissing', tariffHash: '0xdeck' } }],
    ['overAgreedTerms', { escrow: { ...escrow, ratePerSecond: 9n } }],
    ['overAgreedTerms', { escrow: { ...escrow, increment: 59 } }],
    ['insufficientFunds', { escrow: { ...escrow, amount: 649n } }],
    ['insufficientFunds', { escrow: { ...escrow, amount: 1_000n, spent: 351n } }],
    ['insufficientFunds', { escrow: { ...escrow, amount: 1_000n }, unsettled: 351n }],
    ['insufficientFunds', { escrow: { ...escrow, amount: 1_000n }, holds: [hold('b', 351n)] }],
    ['voucherMissing', { escrow: { ...escrow, voucherKey: '02', spent: 100n, voucherTotal: 0n }, unsettled: 51n }],
  ])('%s', (reason, given) => {
    expect(ask(given)).toEqual({ allowed: false, reason });
  });

  test('but not for the last interval, which is signed afterwards', () => {
    expect(ask({ escrow: { ...escrow, voucherKey: '02', spent: 100n }, unsettled: 50n }).allowed).toBe(true);
  });

  test('where the beginnings of those under way are not signed for; one of them goes on', () => {
    const signed = (voucherTotal: bigint) => ({ ...escrow, voucherKey: '02', voucherTotal });
    const holds = [hold('b', 3_050n), hold('c', 3_050n)];
    const refused = { allowed: false, reason: 'voucherMissing' };
    expect(ask({ escrow: signed(0n), holds: holds.slice(0, 1) })).toEqual(refused);
    expect(ask({ escrow: signed(500n), holds: holds.slice(0, 1) }).allowed).toBe(true);
    expect(ask({ escrow: signed(1_149n), holds })).toEqual(refused);
    expect(ask({ escrow: signed(1_150n), holds }).allowed).toBe(true);
    expect(ask({ escrow: signed(0n), callId: 'b', holds }).allowed).toBe(true);
    expect(ask({ escrow: signed(0n), holds: [hold('b', 3_050n, { isHandedIn: true })] })).toEqual(refused);
  });
});

describe('whatever calls ask, in whatever order', () => {
  const anyTerms = fc.record({
    ratePerSecond: fc.bigInt(0n, 20n).map(datoshi),
    feePerCall: fc.bigInt(0n, 100n).map(datoshi),
    initialIncrement: fc.integer({ min: 1, max: 90 }),
    increment: fc.integer({ min: 1, max: 90 }),
  });
  const step = fc.record({
    callId: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
    terms: anyTerms,
    waitMs: fc.nat(400_000),
  });

  test('no datoshi is promised twice, and no call may cost more than is held for it', () => {
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 30 }),
        fc.bigInt(0n, 20_000n),
        fc.integer({ min: 1, max: 4 }),
        (steps, amount, maxParallel) => {
          const generous = {
            ...escrow,
            amount,
            maxParallel,
            ratePerSecond: 99n,
            feePerCall: 999n,
            increment: 90,
            endsAt: later(9_000_000),
          };
          let holds: KeptHold[] = [];
          let now = start;
          const termsOf = new Map<string, Terms>();
          for (const each of steps) {
            now = new Date(now.getTime() + each.waitMs);
            holds = holds.filter(({ holdUntil }) => holdUntil > now);
            const running = holds.some(({ callId }) => callId === each.callId);
            const own = running ? (termsOf.get(each.callId) as Terms) : each.terms;
            const price: CallPrice = { kind: 'priced', terms: own, entry: '', tariffHash: null };
            const answer = ask({ callId: each.callId, escrow: generous, price, holds, now });
            if (!answer.allowed || !answer.hold) continue;
            termsOf.set(each.callId, own);
            holds = [
              ...holds.filter(({ callId }) => callId !== each.callId),
              { ...answer.hold, isHandedIn: false, least: leastPrice(own) },
            ];
            expect(priceOf(answer.maxSeconds * 1000, own).price).toBeLessThanOrEqual(answer.hold.amount);
            expect(holds.length).toBeLessThanOrEqual(maxParallel);
            expect(holds.reduce((sum, { amount: held }) => sum + held, 0n)).toBeLessThanOrEqual(amount);
          }
        },
      ),
      { numRuns: 2_000 },
    );
  });

  test('the seconds that money reaches for are the most', () => {
    fc.assert(
      fc.property(anyTerms, fc.bigInt(0n, 50_000n), (own, money) => {
        const seconds = affordableSeconds(money, own);
        if (seconds === null) expect(priceOf(1, own).price).toBeGreaterThan(money);
        else {
          expect(priceOf(seconds * 1000, own).price).toBeLessThanOrEqual(money);
          if (own.ratePerSecond > 0n) expect(priceOf(seconds * 1000 + 1, own).price).toBeGreaterThan(money);
        }
      }),
      { numRuns: 5_000 },
    );
  });
});

test('the default policy is the one of the specification', () => {
  expect(defaultPolicy).toEqual({ sliceMs: 300_000, graceMs: 30_000, unsignedSeconds: 15 });
});
