import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type BusyCall, busyTime, findOver, type KnownCall } from './parallel.ts';

const at = (ms: number) => new Date(ms);
const call = (id: number, from: number, until: number): BusyCall => ({
  cdrId: BigInt(id),
  callId: `call-${String(id).padStart(3, '0')}`,
  busyFrom: at(from),
  busyUntil: at(until),
});
const overOf = (maxParallel: number, calls: BusyCall[]) =>
  [...findOver(maxParallel, calls, []).over].map(Number).sort();

describe('how long a call holds a line', () => {
  test.each([
    [0, 10_000, 9_000],
    [0, 2_000, 1_000],
    [0, 1_000, 500],
    [0, 1, 1],
    [0, 0, 1],
    [0, -1_000, 1],
  ])('answered at %i, ended at %i: until %i', (from, until, busyUntil) => {
    expect(busyTime(at(from), at(until))).toEqual({ busyFrom: at(from), busyUntil: at(busyUntil) });
  });
});

describe('too many at a time', () => {
  test.each<[string, number, BusyCall[], number[]]>([
    ['two legs beside a maxParallel of 1: the later one', 1, [call(1, 0, 10), call(2, 5, 15)], [2]],
    ['the order in which they come does not matter', 1, [call(2, 5, 15), call(1, 0, 10)], [2]],
    ['one behind the other', 1, [call(1, 0, 10), call(2, 10, 20)], []],
    ['answered at the same time: the larger callId', 1, [call(2, 0, 9), call(1, 0, 9)], [2]],
    ['as many as are agreed', 2, [call(1, 0, 10), call(2, 1, 10), call(3, 2, 10)], [3]],
    ['one that is too many is under way all the same', 1, [call(1, 0, 10), call(2, 5, 20), call(3, 15, 30)], [2, 3]],
    ['a long one and many short ones beside it', 2, [call(1, 0, 99), call(2, 1, 5), call(3, 5, 9), call(4, 9, 20)], []],
  ])('%s', (_, maxParallel, calls, over) => {
    expect(overOf(maxParallel, calls)).toEqual(over);
  });

  const known = (each: BusyCall, open: boolean): KnownCall => ({ ...each, open, over: false });

  test('a later one that waits gives way to an earlier one that comes to light', () => {
    const found = findOver(1, [call(1, 0, 10)], [known(call(2, 5, 15), true)]);
    expect(found).toEqual({ over: new Set(), displaced: new Set([2n]) });
  });

  test('a later one that is claimed stays, and the earlier one is not paid', () => {
    const found = findOver(1, [call(1, 0, 10)], [known(call(2, 5, 15), false)]);
    expect(found).toEqual({ over: new Set([1n]), displaced: new Set() });
  });
});

/** Ends are drawn small, so that calls meet. */
const calls = fc
  .array(fc.tuple(fc.nat(40), fc.integer({ min: 1, max: 15 })), { minLength: 1, maxLength: 25 })
  .map((spans) => spans.map(([from, length], i) => call(i, from, from + length)));

/** The rule itself, without any of the cleverness. */
function byTheRule(maxParallel: number, all: readonly BusyCall[]): bigint[] {
  const isEarlier = (a: BusyCall, b: BusyCall) =>
    a.busyFrom < b.busyFrom || (Number(a.busyFrom) === Number(b.busyFrom) && a.callId < b.callId);
  return all
    .filter((b) => all.filter((a) => isEarlier(a, b) && a.busyUntil > b.busyFrom).length >= maxParallel)
    .map(({ cdrId }) => cdrId);
}

/** Calls come to be known in batches, as a settler rates them; `claims` are claimed as soon as they are rated. */
function settleInBatches(maxParallel: number, batches: readonly BusyCall[][], isClaimed: (call: BusyCall) => boolean) {
  const books = new Map<bigint, KnownCall>();
  for (const fresh of batches) {
    const beside = [...books.values()].filter((old) =>
      fresh.some((each) => old.busyFrom < each.busyUntil && each.busyFrom < old.busyUntil),
    );
    const { over, displaced } = findOver(maxParallel, fresh, beside);
    for (const each of fresh)
      books.set(each.cdrId, { ...each, open: !over.has(each.cdrId) && !isClaimed(each), over: over.has(each.cdrId) });
    for (const id of displaced) books.set(id, { ...(books.get(id) as KnownCall), open: false, over: true });
  }
  return [...books.values()];
}

const inBatches = (all: readonly BusyCall[]) =>
  fc
    .tuple(fc.shuffledSubarray([...all], { minLength: all.length }), fc.integer({ min: 1, max: 6 }))
    .map(([order, size]) => {
      const batches: BusyCall[][] = [];
      for (let i = 0; i < order.length; i += size) batches.push(order.slice(i, i + size));
      return batches;
    });

describe('whatever the order', () => {
  const shuffled = calls.chain((all) => fc.tuple(fc.constant(all), inBatches(all)));
  const lines = fc.integer({ min: 1, max: 4 });

  test('while none is claimed, the set of calls alone decides', () => {
    fc.assert(
      fc.property(shuffled, lines, ([all, batches], maxParallel) => {
        const over = settleInBatches(maxParallel, batches, () => false).filter((each) => each.over);
        expect(over.map(({ cdrId }) => cdrId).sort()).toEqual(byTheRule(maxParallel, all).sort());
      }),
      { numRuns: 1_000 },
    );
  });

  test('also where some are claimed already, no more are paid at any time than the user agreed to', () => {
    fc.assert(
      fc.property(shuffled, lines, fc.integer(), ([all, batches], maxParallel, seed) => {
        const books = settleInBatches(maxParallel, batches, ({ cdrId }) => ((Number(cdrId) * 7919) ^ seed) % 3 === 0);
        const paid = books.filter((each) => !each.over);
        for (const { busyFrom } of all) {
          const atOnce = paid.filter((each) => each.busyFrom <= busyFrom && each.busyUntil > busyFrom);
          expect(atOnce.length).toBeLessThanOrEqual(maxParallel);
        }
      }),
      { numRuns: 2_000 },
    );
  });
});
