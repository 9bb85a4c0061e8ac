import { describe, expect, test } from 'vitest';
import type { PermissionEscrow, PermissionPolicy } from '../../protocol/call/permission.ts';
import { priceOf } from '../../protocol/call/price.ts';
import { datoshi } from '../../protocol/types/datoshi.ts';
import { type ChargedCall, decideWatch, endOf } from './decide-watch.ts';

const start = new Date('2026-01-31T12:00:00Z');
const at = (seconds: number) => new Date(start.getTime() + seconds * 1000);
const policy: PermissionPolicy = { sliceMs: 300_000, graceMs: 0, unsignedSeconds: 15 };
const terms = { ratePerSecond: datoshi(10n), feePerCall: datoshi(0n), initialIncrement: 1, increment: 1 };

const escrow: PermissionEscrow = {
  state: 'open',
  amount: 10_000n,
  spent: 0n,
  ratePerSecond: 10n,
  feePerCall: 0n,
  increment: 1,
  maxParallel: 10,
  endsAt: at(86_400),
  voucherKey: null,
  voucherTotal: 0n,
};

function running(callId: string, seconds: number, given: Partial<ChargedCall> = {}): ChargedCall {
  const amount = priceOf(seconds * 1000, terms).price;
  const hold = { callId, heldFrom: start, seconds, amount, holdUntil: at(1e6) };
  return {
    callId,
    sipCallId: callId,
    fromTag: 't',
    user: null,
    direction: 'outbound',
    from: 'a',
    to: '+31201234567',
    state: 'running',
    invitedAt: start,
    answeredAt: start,
    seenAt: start,
    dialog: { entry: 1, id: 1 },
    charge: { escrowId: 1n, terms, entry: '+31', tariffHash: null, hold },
    mediaAt: null,
    lostAt: null,
    billedUntil: null,
    endReason: null,
    ...given,
  };
}

const decide = (now: Date, calls: ChargedCall[], given: Partial<PermissionEscrow> | null = {}, unsettled = 0n) =>
  decideWatch({ calls, escrow: given && { ...escrow, ...given }, unsettled, now }, policy).map((action) =>
    action.kind === 'end' ? [action.call.callId, action.reason] : [action.call.callId, action.charge.hold.seconds],
  );

describe('money', () => {
  test('a hold is made longer a minute before its end', () => {
    expect(decide(at(239), [running('a', 300)])).toEqual([]);
    expect(decide(at(240), [running('a', 300)])).toEqual([['a', 540]]);
  });

  test('it grows as far as the money reaches, and the call ends there', () => {
    expect(decide(at(290), [running('a', 300)], { amount: 4_000n })).toEqual([['a', 400]]);
    expect(decide(at(399), [running('a', 400)], { amount: 4_000n })).toEqual([]);
    expect(decide(at(400), [running('a', 400)], { amount: 4_000n })).toEqual([['a', 'insufficientFunds']]);
  });

  test('two calls share what is left: the first one gets it, nothing is promised twice', () => {
    const two = [running('a', 300), running('b', 300)];
    expect(decide(at(290), two, { amount: 6_500n })).toEqual([['a', 350]]);
    const longer = [running('a', 350), running('b', 300)];
    expect(decide(at(300), longer, { amount: 6_500n })).toEqual([['b', 'insufficientFunds']]);
  });

  test('what earlier calls cost is not promised either', () => {
    expect(decide(at(290), [running('a', 300)], { amount: 4_000n, spent: 500n }, 400n)).toEqual([['a', 310]]);
  });

  test('ringing costs nothing yet', () => {
    expect(decide(at(400), [running('a', 300, { state: 'ringing', answeredAt: null })])).toEqual([]);
  });
});

describe('the escrow', () => {
  test('its end is the end of its calls', () => {
    expect(decide(at(10), [running('a', 300)], { endsAt: at(11) })).toEqual([]);
    expect(decide(at(11), [running('a', 300)], { endsAt: at(11) })).toEqual([['a', 'escrowEnded']]);
    expect(decide(at(1), [running('a', 300)], null)).toEqual([['a', 'escrowEnded']]);
  });
});

describe('vouchers', () => {
  const signed = (voucherTotal: bigint) => ({ voucherKey: '02', voucherTotal });
  test('an interval and its grace go unsigned, not more', () => {
    expect(decide(at(15), [running('a', 300)], signed(0n))).toEqual([]);
    expect(decide(at(16), [running('a', 300)], signed(0n))).toEqual([['a', 'voucherMissing']]);
    expect(decide(at(25), [running('a', 300)], signed(100n))).toEqual([]);
    expect(decide(at(26), [running('a', 300)], signed(100n))).toEqual([['a', 'voucherMissing']]);
  });

  test('a phone that was cut off is asked for nothing that was said since', () => {
    const cutOff = running('a', 300, { lostAt: at(27) });
    expect(decide(at(60), [cutOff], signed(120n))).toEqual([]);
    expect(decide(at(60), [cutOff], signed(119n))).toEqual([['a', 'voucherMissing']]);
    expect(decide(at(60), [running('a', 300, { lostAt: at(15) })], signed(0n))).toEqual([]);
  });

  test('they cover what was spent and what waits, and all calls together', () => {
    expect(decide(at(25), [running('a', 300)], { ...signed(600n), spent: 300n }, 200n)).toEqual([]);
    expect(decide(at(25), [running('a', 300)], { ...signed(599n), spent: 300n }, 200n)).toEqual([
      ['a', 'voucherMissing'],
    ]);
    const two = [running('a', 300), running('b', 300)];
    expect(decide(at(25), two, signed(200n))).toEqual([]);
    expect(decide(at(25), two, signed(199n))).toEqual([
      ['a', 'voucherMissing'],
      ['b', 'voucherMissing'],
    ]);
  });
});

test('a hold counts from its answer', () => {
  expect(endOf(running('a', 300))).toEqual(at(300));
});
