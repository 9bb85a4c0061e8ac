import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Terms } from '../../../protocol/call/price.ts';
import { datoshi } from '../../../protocol/types/datoshi.ts';
import { atRisk, costOf, owed, type Reserve, secondsLeft, type Talk, totalToSign } from './meter.ts';

const terms = fc.record({
  ratePerSecond: fc.bigInt({ min: 0n, max: 10_000_000n }).map(datoshi),
  feePerCall: fc.bigInt({ min: 0n, max: 10_000_000n }).map(datoshi),
  initialIncrement: fc.integer({ min: 1, max: 120 }),
  increment: fc.integer({ min: 1, max: 60 }),
});

/** Written anew, with a clock that counts seconds: what a call of so many milliseconds may cost at the most. */
function mostFor(ms: number, { ratePerSecond, feePerCall, initialIncrement, increment }: Terms): bigint {
  let billed = initialIncrement;
  while (billed * 1000 < ms) billed += increment;
  return feePerCall + ratePerSecond * BigInt(billed);
}

/** Steps of one call: so long passes, and maybe the line goes down, comes back, or a voucher is due. */
const step = fc.record({
  ms: fc.integer({ min: 0, max: 15_000 }),
  what: fc.constantFrom('sign', 'down', 'up', 'sign', 'nothing'),
});
const call = fc.record({ terms, steps: fc.array(step, { minLength: 1, maxLength: 30 }) });

test('over a hundred random calls, each total that is signed is no more than what was talked by then', () => {
  fc.assert(
    fc.property(
      fc.array(call, { minLength: 100, maxLength: 100 }),
      fc.bigInt({ min: 0n, max: 10n ** 13n }),
      (calls, amount) => {
        let reserve: Reserve = { amount, finished: 0n, signed: 0n };
        let [now, sumOfBefore] = [1_000_000, 0n];
        for (const { terms, steps } of calls) {
          const [answeredAt, before] = [now, reserve];
          let talk: Talk = { terms, answeredAt, until: null };
          for (const { ms, what } of steps) {
            now += ms;
            if (what === 'down') talk = { ...talk, until: talk.until ?? now };
            if (what === 'up') talk = { ...talk, until: null };
            const total = what === 'sign' ? totalToSign(reserve, [talk], now) : null;
            if (total === null) continue;
            expect(total).toBeGreaterThan(reserve.signed);
            expect(total).toBeLessThanOrEqual(sumOfBefore + mostFor((talk.until ?? now) - answeredAt, terms));
            expect(total).toBeLessThanOrEqual(amount);
            reserve = { ...reserve, signed: total };
          }
          sumOfBefore += mostFor((talk.until ?? now) - answeredAt, terms);
          reserve = { ...reserve, finished: before.finished + costOf(talk, now) };
          now += 5_000;
        }
        expect(reserve.finished).toBe(sumOfBefore);
      },
    ),
    { numRuns: 30 },
  );
});

const second = { ratePerSecond: datoshi(100n), feePerCall: datoshi(50n), initialIncrement: 1, increment: 1 };
const talk = { terms: second, answeredAt: 0, until: null };

test('money stands still while the line is down', () => {
  const down = { ...talk, until: 4_000 };
  expect([costOf(talk, 60_000), costOf(down, 60_000)]).toEqual([6_050n, 450n]);
  expect(owed({ amount: 10_000n, finished: 7n, signed: 0n }, [down, talk], 5_000)).toBe(7n + 450n + 550n);
});

test('at risk is what the next voucher adds: the fee too, before the first one', () => {
  expect([atRisk(talk, 0, 10_000), atRisk(talk, 30_000, 10_000)]).toEqual([1_050n, 1_000n]);
  const minutes = { ...talk, terms: { ...second, initialIncrement: 60, increment: 60 } };
  expect([atRisk(minutes, 10_000, 10_000), atRisk(minutes, 55_000, 10_000)]).toEqual([0n, 6_000n]);
});

test('what is left is shared with the other calls', () => {
  const reserve = { amount: 10_000n, finished: 0n, signed: 0n };
  expect(secondsLeft(reserve, talk, [], 10_000)).toBe(89);
  expect(secondsLeft(reserve, talk, [talk], 10_000)).toBe(39);
  expect(secondsLeft({ ...reserve, amount: 40n }, talk, [], 0)).toBe(0);
  expect(secondsLeft(reserve, { ...talk, terms: { ...second, ratePerSecond: datoshi(0n) } }, [], 0)).toBeNull();
});
