import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { datoshi } from '../protocol/types/datoshi.ts';
import { type EscrowView, type PayableCall, type Plan, type Policy, plan } from './plan.ts';
import type { Escrow } from './rate.ts';

const openedAt = 1_800_000_000_000;
const minute = 60_000;
const policy: Policy = {
  amount: datoshi(1_000_000n),
  maxAgeMs: 10_000,
  minAmount: datoshi(0n),
  beforeDeadlineMs: minute,
};
const at = (ms: number) => new Date(openedAt + ms);

function escrow(given: Partial<Escrow> = {}): Escrow {
  return {
    id: 1n,
    user: 'user' as never,
    provider: 'provider' as never,
    state: 'open',
    refunded: null,
    voucherKey: null,
    amount: 100_000n,
    spent: 0n,
    ratePerSecond: 1_000n,
    feePerCall: 0n,
    increment: 6,
    maxParallel: 2,
    openedAt: at(0),
    endsAt: at(10 * minute),
    claimDeadline: at(20 * minute),
    seq: 0n,
    seconds: 0n,
    calls: 0n,
    ...given,
  };
}

const call = (cdrId: bigint, price: bigint, seconds = 6n): PayableCall => ({
  cdrId,
  seconds,
  price: datoshi(price),
  ratedAt: at(minute),
  tariffHash: null,
});

const view = (given: Partial<EscrowView>): EscrowView => {
  return {
    escrow: escrow(),
    closedBy: null,
    authorised: true,
    calls: [],
    more: false,
    voucherTotal: datoshi(0n),
    headTime: at(2 * minute),
    ...given,
  };
};

const due = at(2 * minute);
const key = { voucherKey: 'key' as never };
const summary = ({ claimed, failed, waiting }: Plan) => ({
  claimed: claimed.map(({ cdrId, amount }) => [cdrId, amount]),
  failed: failed.map(({ cdrId, reason }) => [cdrId, reason]),
  waiting: waiting.map(({ cdrId, reason }) => [cdrId, reason]),
});

describe('when a claim is due', () => {
  const calls = [call(1n, 6_000n)];
  test.each([
    ['not at once', {}, at(minute + 9_999), 0],
    ['once its oldest call has waited long enough', {}, at(minute + 10_000), 1],
    [
      'at once for a large amount',
      { calls: [call(1n, 1_000_000n)], escrow: escrow({ amount: 2_000_000n }) },
      at(minute),
      1,
    ],
    ['at once where the user is closing the escrow', { escrow: escrow({ state: 'closing' }) }, at(minute), 1],
    ['at once after the escrow has ended', { headTime: at(10 * minute + 1) }, at(minute), 1],
  ])('%s', (_name, given, now, claims) => {
    expect(plan(view({ calls, ...given }), policy, now).claimed).toHaveLength(claims);
  });
});

describe('what is claimed', () => {
  test.each<[string, Partial<EscrowView>, ReturnType<typeof summary>]>([
    [
      'all that fits',
      { calls: [call(1n, 60_000n), call(2n, 40_000n)] },
      {
        claimed: [
          [1n, 60_000n],
          [2n, 40_000n],
        ],
        failed: [],
        waiting: [],
      } as never,
    ],
    [
      'what fits behind what does not',
      { calls: [call(1n, 60_000n), call(2n, 50_000n), call(3n, 40_000n)] },
      {
        claimed: [
          [1n, 60_000n],
          [3n, 40_000n],
        ],
        failed: [],
        waiting: [[2n, 'overAmount']],
      } as never,
    ],
    [
      'what is left, after the end',
      { headTime: at(11 * minute), calls: [call(1n, 60_000n), call(2n, 50_000n), call(3n, 1n)] },
      {
        claimed: [
          [1n, 60_000n],
          [2n, 40_000n],
        ],
        failed: [[3n, 'nothingLeft']],
        waiting: [],
      } as never,
    ],
    [
      'nothing without a voucher',
      { escrow: escrow(key), calls: [call(1n, 60_000n)] },
      { claimed: [], failed: [], waiting: [[1n, 'notCovered']] } as never,
    ],
    [
      'what a voucher covers',
      { escrow: escrow(key), voucherTotal: datoshi(60_000n), calls: [call(1n, 60_000n), call(2n, 1n)] },
      { claimed: [[1n, 60_000n]], failed: [], waiting: [[2n, 'notCovered']] } as never,
    ],
    [
      'nothing in part after the end, as long as a voucher may come',
      { escrow: escrow(key), headTime: at(11 * minute), voucherTotal: datoshi(10n), calls: [call(1n, 60_000n)] },
      { claimed: [], failed: [], waiting: [[1n, 'notCovered']] } as never,
    ],
    [
      'as much as was signed, shortly before the deadline',
      { escrow: escrow(key), headTime: at(19 * minute), voucherTotal: datoshi(10n), calls: [call(1n, 60_000n)] },
      { claimed: [[1n, 10n]], failed: [], waiting: [] } as never,
    ],
    [
      'and the rest waits until then: a voucher may still come',
      {
        escrow: escrow(key),
        headTime: at(19 * minute),
        voucherTotal: datoshi(10n),
        calls: [call(1n, 60_000n), call(2n, 1n), call(3n, 100_000n)],
      },
      {
        claimed: [[1n, 10n]],
        failed: [],
        waiting: [
          [2n, 'notCovered'],
          [3n, 'notCovered'],
        ],
      } as never,
    ],
    [
      'but where no voucher can help: all the money is used up',
      {
        escrow: escrow(key),
        headTime: at(19 * minute),
        voucherTotal: datoshi(200_000n),
        calls: [call(1n, 100_000n), call(2n, 1n)],
      },
      { claimed: [[1n, 100_000n]], failed: [[2n, 'nothingLeft']], waiting: [] } as never,
    ],
    [
      'nothing past the deadline',
      { headTime: at(20 * minute + 1), calls: [call(1n, 60_000n)] },
      { claimed: [], failed: [[1n, 'pastDeadline']], waiting: [] } as never,
    ],
    [
      'nothing of a closed escrow',
      { escrow: escrow({ state: 'closed' }), calls: [call(1n, 60_000n)] },
      { claimed: [], failed: [[1n, 'escrowClosed']], waiting: [] } as never,
    ],
    [
      'nothing of one that was refunded, and the reason says so',
      { escrow: escrow({ state: 'closed' }), closedBy: 'refundedAfterDeadline', calls: [call(1n, 60_000n)] },
      { claimed: [], failed: [[1n, 'refundedAfterDeadline']], waiting: [] } as never,
    ],
    [
      'nothing for a provider that named another operator',
      { authorised: false, calls: [call(1n, 1n)] },
      { claimed: [], failed: [], waiting: [[1n, 'notAuthorised']] } as never,
    ],
    [
      'not more seconds than have passed',
      { headTime: at(minute), calls: [call(1n, 1n, 126n), call(2n, 1n, 7n)] },
      { claimed: [[1n, 1n]], failed: [], waiting: [[2n, 'aheadOfTime']] } as never,
    ],
  ])('%s', (_name, given, expected) => {
    expect(summary(plan(view(given), policy, due))).toEqual(expected);
  });
});

test('what is too small a claim waits, and so does what it would leave nothing for', () => {
  const given = view({ headTime: at(11 * minute), calls: [call(1n, 100_000n), call(2n, 1n)] });
  expect(summary(plan(given, { ...policy, minAmount: datoshi(100_001n) }, due))).toEqual({
    claimed: [],
    failed: [],
    waiting: [[1n, 'tooSmall']],
  });
});

test('as many calls as one claim may hold are never too small: more would not fit', () => {
  const given = view({ calls: [call(1n, 10n)], more: true });
  const { claimed } = plan(given, { ...policy, maxAgeMs: 0, minAmount: datoshi(100n) }, due);
  expect(claimed).toHaveLength(1);
});

test('whatever is planned, the contract accepts, and every call is answered for once', () => {
  const money = fc.bigInt({ min: 0n, max: 200_000n });
  const someCall = fc.record({
    price: fc.bigInt({ min: 1n, max: 50_000n }),
    seconds: fc.bigInt({ min: 1n, max: 900n }),
  });
  const property = fc.property(
    fc.record({
      amount: money,
      spent: money,
      voucherTotal: money,
      head: fc.integer({ min: 0, max: 25 * minute }),
      hasKey: fc.boolean(),
      calls: fc.array(someCall, { maxLength: 12 }),
    }),
    ({ amount, spent, voucherTotal, head, hasKey, calls }) => {
      const of = escrow({ amount: amount + spent, spent, ...(hasKey ? key : {}) });
      const payable = calls.map(({ price, seconds }, i) => call(BigInt(i), price, seconds));
      const given = view({ escrow: of, calls: payable, voucherTotal: datoshi(voucherTotal), headTime: at(head) });
      const { claimed, failed, waiting } = plan(given, { ...policy, maxAgeMs: 0 }, due);
      const sum = claimed.reduce((total, { amount: part }) => total + part, 0n);
      const seconds = claimed.reduce((total, part) => total + part.seconds, 0n);
      const elapsed = BigInt(Math.ceil(Math.min(head, 10 * minute) / 1000));
      const count = BigInt(claimed.length);
      expect(spent + sum <= of.amount).toBe(true);
      if (hasKey && count > 0n) expect(spent + sum <= voucherTotal).toBe(true);
      expect(count <= 2n * elapsed || count === 0n).toBe(true);
      expect(seconds <= 2n * elapsed + 6n * count).toBe(true);
      for (const part of claimed) expect(part.amount > 0n && part.amount <= part.price).toBe(true);
      expect([...claimed, ...failed, ...waiting].map(({ cdrId }) => cdrId).sort()).toEqual(
        payable.map(({ cdrId }) => cdrId).sort(),
      );
    },
  );
  fc.assert(property, { numRuns: 2_000 });
});
