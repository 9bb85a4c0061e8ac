import { expect, test } from 'vitest';
import { complaintOf, DISMISSED_MS, type Quality, qualityBetween, type Sample, see, silenceOf } from './quality.ts';

const none: Sample = { at: 0, received: null, lost: null, sent: null, jitter: null, roundTrip: null, level: null };
const sample = (given: Partial<Sample>): Sample => ({ ...none, ...given });
const perfect = { received: 0, lost: 0, jitter: 0.001, roundTrip: 0.02 };

test('a perfect line is worth 4.4, and loss, jitter and delay take away from it', () => {
  const mos = (after: Partial<Sample>) => qualityBetween(sample(perfect), sample({ ...perfect, ...after })).mos ?? 0;
  expect(mos({ received: 50 })).toBeGreaterThan(4.35);
  expect(mos({ received: 45, lost: 5 })).toBeLessThan(mos({ received: 49, lost: 1 }));
  expect(mos({ received: 40, lost: 10 })).toBeLessThan(3.1);
  expect(mos({ received: 50, jitter: 0.1 })).toBeLessThan(mos({ received: 50, jitter: 0.02 }));
  expect(mos({ received: 50, roundTrip: 0.9 })).toBeLessThan(3.1);
  expect(mos({ received: 0, lost: 50 })).toBeGreaterThanOrEqual(1);
});

test('what is not known is not zero', () => {
  expect(qualityBetween(none, none)).toEqual({ loss: null, jitterMs: null, roundTripMs: null, mos: null });
  const few = qualityBetween(sample(perfect), sample({ ...perfect, received: 3, lost: 3 }));
  expect([few.loss, few.mos]).toEqual([null, null]);
  // a counter that has begun anew says nothing about the time before
  expect(qualityBetween(sample({ ...perfect, received: 900 }), sample({ ...perfect, received: 50 })).loss).toBeNull();
});

const bad: Quality = { loss: 0.3, jitterMs: 5, roundTripMs: 20, mos: 2 };
const good: Quality = { loss: 0, jitterMs: 5, roundTripMs: 20, mos: 4.4 };

test('a sentence comes after three bad seconds, never while somebody is muted, and not for a minute once put away', () => {
  const three = [good, bad, bad, bad];
  expect(complaintOf(three, false, null, 0)).toBe('loss');
  expect(complaintOf([...three, good], false, null, 0)).toBeNull();
  expect(complaintOf([bad, bad], false, null, 0)).toBeNull();
  expect(complaintOf(three, true, null, 0)).toBeNull();
  expect(complaintOf(three, false, 1_000, 1_000 + DISMISSED_MS - 1)).toBeNull();
  expect(complaintOf(three, false, 1_000, 1_000 + DISMISSED_MS)).toBe('loss');
  expect(complaintOf([bad, bad, { ...bad, mos: null }], false, null, 0)).toBeNull();
  const late = { loss: 0, jitterMs: 5, roundTripMs: 900, mos: 2 };
  expect(complaintOf([late, late, late], false, null, 0)).toBe('delay');
});

test('silence is told by direction, after three seconds', () => {
  let seen = { inAt: 0, outAt: 0 };
  let before: Sample | null = null;
  const tick = (at: number, received: number, sent: number) => {
    const now = sample({ at, received, sent });
    seen = see(seen, before, now);
    before = now;
    return silenceOf(seen, at, { in: true, out: true });
  };
  expect(tick(1_000, 50, 50)).toEqual({ in: false, out: false });
  expect(tick(2_000, 50, 100)).toEqual({ in: false, out: false });
  expect(tick(4_000, 50, 200)).toEqual({ in: true, out: false });
  expect(silenceOf(seen, 4_000, { in: false, out: true })).toEqual({ in: false, out: false });
  expect(tick(5_000, 10, 200)).toEqual({ in: false, out: false }); // counted anew
});
