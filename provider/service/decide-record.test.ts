import fc from 'fast-check';
import { expect, test } from 'vitest';
import { submittedCdrSchema } from '../../protocol/api/cdrs.ts';
import { priceOf } from '../../protocol/call/price.ts';
import { createKey } from '../../protocol/sign/key.ts';
import { datoshi } from '../../protocol/types/datoshi.ts';
import { type Call, notYet } from './calls.ts';
import { recordOf } from './decide-record.ts';

const invitedAt = new Date('2026-01-31T12:00:00.000Z');
const after = (ms: number) => new Date(invitedAt.getTime() + ms);
const user = createKey().address;

function call(seconds: number, increments = { initialIncrement: 1, increment: 1 }, given: Partial<Call> = {}): Call {
  const terms = { ratePerSecond: datoshi(10n), feePerCall: datoshi(7n), ...increments };
  const amount = priceOf(seconds * 1000, terms).price;
  const hold = { callId: 'a', heldFrom: invitedAt, seconds, amount, holdUntil: after(1e9) };
  return {
    callId: 'a',
    sipCallId: 'a',
    fromTag: 't',
    request: 'r',
    user,
    method: 'INVITE',
    direction: 'outbound',
    from: user,
    to: '+31201234567',
    state: 'running',
    invitedAt,
    ...notYet,
    charge: { escrowId: 7n, terms, entry: '+31', tariffHash: null, hold },
    ...given,
  };
}
const answered = (from: number, to: number) => ({
  answeredAt: after(from),
  endedAt: after(to),
  sipStatus: 200,
  hangupBy: 'caller',
});

test('an answered call to the millisecond', () => {
  expect(recordOf(call(300), answered(2_345, 6_346))).toMatchObject({
    disposition: 'answered',
    price: 57n, // 4,001 ms: 5 seconds
    cdr: {
      callId: 'a',
      escrowId: 7,
      user,
      startedAt: '2026-01-31T12:00:00.000Z',
      answeredAt: '2026-01-31T12:00:02.345Z',
      endedAt: '2026-01-31T12:00:06.346Z',
      sipStatus: 200,
      hangupBy: 'caller',
    },
  });
});

test('a timer that fires late bills no more than was held', () => {
  const { endedAt, price } = recordOf(call(5), answered(1_000, 6_190));
  expect([endedAt, price]).toEqual([after(6_000), 57n]);
});

test('whatever is said of a call, its record is a CDR that the API takes, at a price within its hold', () => {
  fc.assert(
    fc.property(
      fc.record({
        seconds: fc.integer({ min: 1, max: 4_000 }),
        initialIncrement: fc.integer({ min: 1, max: 60 }),
        increment: fc.integer({ min: 1, max: 60 }),
        answer: fc.option(fc.integer({ min: -5_000, max: 100_000 })),
        end: fc.integer({ min: -5_000, max: 8_000_000 }),
        sipStatus: fc.integer({ min: 100, max: 699 }),
        hangupBy: fc.option(fc.constantFrom('caller', 'callee', 'lost')),
        from: fc.string(),
      }),
      ({ seconds, initialIncrement, increment, answer, end, sipStatus, hangupBy, from }) => {
        // what permission holds is whole increments
        const steps = Math.ceil(Math.max(0, seconds - initialIncrement) / increment);
        const held = initialIncrement + steps * increment;
        const given = call(held, { initialIncrement, increment }, { direction: 'inbound', from });
        const ended = { answeredAt: answer === null ? null : after(answer), endedAt: after(end), sipStatus, hangupBy };
        const { cdr, price } = recordOf(given, ended);
        expect(submittedCdrSchema.safeParse(cdr).error).toBeUndefined();
        expect(price).toSatisfy((value: bigint) => value >= 0n && value <= (given.charge?.hold.amount ?? 0n));
        expect(Date.parse(cdr?.endedAt ?? '')).toBeGreaterThanOrEqual(Date.parse(cdr?.startedAt ?? ''));
      },
    ),
  );
});

test.each([
  [486, 'busy'],
  [487, 'cancelled'],
  [480, 'no-answer'],
  [408, 'no-answer'],
  [503, 'failed'],
])('a call that ends with %i was %s, and costs nothing', (sipStatus, disposition) => {
  const ended = { answeredAt: null, endedAt: after(100), sipStatus, hangupBy: null };
  expect(recordOf(call(300), ended)).toMatchObject({ disposition, price: 0n, cdr: { disposition, answeredAt: null } });
});

test('a call whose sound has stopped is billed to the last packet, and not from before its answer', () => {
  const silent = (ms: number) => ({ ...call(300), billedUntil: after(ms) });
  expect(recordOf(silent(3_000), answered(1_000, 25_000))).toMatchObject({ price: 27n, endedAt: after(3_000) });
  expect(recordOf(silent(500), answered(1_000, 25_000))).toMatchObject({ price: 17n, endedAt: after(1_000) });
});

test('a free call makes no CDR', () => {
  expect(recordOf({ ...call(300), charge: null }, answered(0, 1_000))).toMatchObject({ price: null, cdr: null });
});
