import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { CallPrice } from '../../protocol/call/call-price.ts';
import { decidePermission, type PermissionPolicy, promisesOf } from '../../protocol/call/permission.ts';
import { leastPrice, priceOf, type Terms } from '../../protocol/call/price.ts';
import { datoshi } from '../../protocol/types/datoshi.ts';
import type { Call } from './calls.ts';
import { underWay } from './charge.ts';
import { type ChargedCall, decideWatch } from './decide-watch.ts';

const WATCH_MS = 500;
const maxParallel = 10;
const policy: PermissionPolicy = { sliceMs: 300_000, graceMs: 0, unsignedSeconds: 15 };
const start = Date.parse('2026-01-31T12:00:00.000Z');
const escrow = {
  state: 'open' as const,
  amount: 10n ** 15n,
  spent: 0n,
  ratePerSecond: 10n ** 9n,
  feePerCall: 10n ** 9n,
  increment: 3_600,
  maxParallel,
  endsAt: new Date(start + 90 * 86_400_000),
  voucherKey: '02',
};

/** Calls out of one escrow, permitted and watched as the kit does it. */
function world(terms: Terms) {
  const calls = new Map<string, ChargedCall>();
  let [now, unsettled, voucherTotal, begun] = [start, 0n, 0n, 0];
  const price: CallPrice = { kind: 'priced', terms, entry: '', tariffHash: null };
  const costOf = ({ answeredAt }: ChargedCall) => priceOf(answeredAt && now - answeredAt.getTime(), terms).price;
  const sum = (cost: (call: ChargedCall) => bigint) => [...calls.values()].reduce((all, each) => all + cost(each), 0n);
  const sign = (total: bigint) => {
    if (total > voucherTotal) voucherTotal = total;
  };

  function end(callId: string): void {
    const call = calls.get(callId);
    if (call) unsettled += costOf(call);
    calls.delete(callId);
  }

  return {
    begin: (): boolean => {
      const callId = String(begun++);
      const kept = [...calls.values()].map(({ charge }) => underWay(charge));
      const at = new Date(now);
      const asked = { callId, isOver: false, escrow: { ...escrow, voucherTotal }, price, unsettled, now: at };
      const { allowed, ...answer } = decidePermission({ ...asked, ...promisesOf(kept, callId, at) }, policy);
      if (!allowed || !('hold' in answer) || !answer.hold) return false;
      const charge = { escrowId: 1n, terms, entry: '', tariffHash: null, hold: answer.hold };
      const call: Partial<Call> = { callId, state: 'ringing', answeredAt: null, lostAt: null, endReason: null };
      calls.set(callId, { ...(call as Call), charge });
      return true;
    },
    answer: (): void => {
      for (const [callId, call] of calls) {
        if (call.state !== 'ringing') continue;
        const hold = { ...call.charge.hold, heldFrom: new Date(now) };
        calls.set(callId, { ...call, state: 'running', answeredAt: new Date(now), charge: { ...call.charge, hold } });
      }
    },
    hangUp: () => end([...calls.keys()][0] ?? ''),
    signTalked: () => sign(unsettled + sum(costOf)),
    signAhead: () => sign(unsettled + sum((call) => (call.answeredAt ? costOf(call) : leastPrice(terms)))),
    wait: (ms: number): void => {
      now += ms;
      const asked = { calls: [...calls.values()], escrow: { ...escrow, voucherTotal }, unsettled, now: new Date(now) };
      for (const action of decideWatch(asked, policy)) {
        if (action.kind === 'end') end(action.call.callId);
        else calls.set(action.call.callId, action.call as ChargedCall);
      }
    },
    unsigned: () => unsettled + sum(costOf) - voucherTotal,
  };
}

const fees: Terms = {
  ratePerSecond: datoshi(1_000n),
  feePerCall: datoshi(10n ** 8n),
  initialIncrement: 60,
  increment: 1,
};

test('of ten calls for which nothing is signed one begins, the others once the beginnings before them are signed', () => {
  const it = world(fees);
  expect(Array.from({ length: maxParallel }, () => it.begin()).filter(Boolean)).toHaveLength(1);
  for (let calls = 1; calls < maxParallel; calls += 1) {
    expect(it.begin()).toBe(false);
    it.signAhead();
    expect(it.begin()).toBe(true);
  }
  it.answer();
  expect(it.unsigned()).toBe(leastPrice(fees));
});

test('whatever is signed and talked, unsigned is one beginning, and what calls talk in an interval and its grace', () => {
  const terms = fc.record({
    ratePerSecond: fc.bigInt(0n, 1_000n).map(datoshi),
    feePerCall: fc.bigInt(0n, 10n ** 8n).map(datoshi),
    initialIncrement: fc.integer({ min: 1, max: 3_600 }),
    increment: fc.integer({ min: 1, max: 60 }),
  });
  const step = fc.constantFrom('begin', 'begin', 'answer', 'hangUp', 'signTalked', 'signAhead', 'wait', 'wait', 'long');
  fc.assert(
    fc.property(terms, fc.array(step, { maxLength: 80 }), (own, steps) => {
      const it = world(own);
      const talked = priceOf((policy.unsignedSeconds + own.increment) * 1_000 + WATCH_MS, {
        ...own,
        initialIncrement: 1,
        feePerCall: datoshi(0n),
      });
      const most =
        leastPrice(own) + own.ratePerSecond * BigInt(policy.unsignedSeconds) + talked.price * BigInt(maxParallel);
      for (const each of steps) {
        for (let looks = each === 'long' ? 60 : each === 'wait' ? 1 : 0; looks > 0; looks -= 1) it.wait(WATCH_MS);
        if (each !== 'long' && each !== 'wait') it[each]();
        expect(it.unsigned()).toBeLessThanOrEqual(most);
      }
    }),
    { numRuns: 1_000 },
  );
});
