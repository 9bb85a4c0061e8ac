import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { defaultLimits, type Limits } from '../kamailio/limits-file.ts';
import { type Counter, judge, type Measured } from './decide-limits.ts';

const names: Counter[] = ['total', 'perMinute', 'sequence', 'concurrent', 'duration', 'distinct', 'callsPerSecond'];
const threshold = fc.option(fc.nat(20), { nil: null });
const limitsOf: fc.Arbitrary<Limits> = fc
  .tuple(fc.array(fc.tuple(threshold, threshold), { minLength: names.length, maxLength: names.length }), fc.boolean())
  .map(([pairs, dryRun]) => {
    const set = names.map((name, i) => [name, { warn: pairs[i]?.[0] ?? null, refuse: pairs[i]?.[1] ?? null }]);
    return { ...defaultLimits, dryRun, ...Object.fromEntries(set) };
  });
const counters: fc.Arbitrary<Measured['counters']> = fc.record(
  Object.fromEntries(names.map((name) => [name, fc.nat(25)])),
  { requiredKeys: [] },
);
const refusedBy = (limits: Limits, measured: Measured['counters']) =>
  judge(limits, { counters: measured, dialled: null })
    .filter(({ verdict }) => verdict === 'refused')
    .map(({ limit }) => limit);

describe('limits', () => {
  test('refuse exactly what is above their threshold', () => {
    fc.assert(
      fc.property(limitsOf, counters, (limits, measured) => {
        const above = names.filter((name) => {
          const { refuse } = limits[name];
          return refuse !== null && (measured[name] ?? 0) > refuse;
        });
        expect(refusedBy(limits, measured).toSorted()).toEqual(limits.dryRun ? [] : above.toSorted());
      }),
    );
  });

  test('never let through more where more has happened', () => {
    fc.assert(
      fc.property(limitsOf, counters, fc.constantFrom(...names), fc.nat(9), (limits, measured, name, more) => {
        const value = measured[name];
        fc.pre(value !== undefined);
        const before = refusedBy(limits, measured);
        expect(refusedBy(limits, { ...measured, [name]: Number(value) + more })).toEqual(
          expect.arrayContaining(before),
        );
      }),
    );
  });

  test('find the same in a dry run, which refuses nothing', () => {
    fc.assert(
      fc.property(limitsOf, counters, (limits, measured) => {
        const found = (dryRun: boolean) => judge({ ...limits, dryRun }, { counters: measured, dialled: null });
        const wet = found(false).map(({ limit, verdict }) => {
          return { limit, verdict: verdict === 'refused' ? 'wouldRefuse' : verdict };
        });
        expect(found(true)).toEqual(wet);
      }),
    );
  });

  test('name each limit once: a refusal is no warning too', () => {
    fc.assert(
      fc.property(limitsOf, counters, (limits, measured) => {
        const found = judge(limits, { counters: measured, dialled: null }).map(({ limit }) => limit);
        expect(new Set(found).size).toBe(found.length);
      }),
    );
  });

  test.each([
    ['07:00-23:00', '07:00', true],
    ['07:00-23:00', '06:59', false],
    ['07:00-23:00', '23:00', false],
    ['22:00-06:00', '23:30', true],
    ['22:00-06:00', '05:59', true],
    ['22:00-06:00', '06:00', false],
    ['00:00-24:00', '23:59', true],
  ])('%s at %s: %s', (window, time, isOpen) => {
    const at = new Date(`2026-03-01T${time}:30Z`);
    const found = judge({ ...defaultLimits, hours: [window] }, { counters: {}, dialled: { number: '+312', at } });
    expect(found).toEqual(isOpen ? [] : [{ limit: 'hours', verdict: 'refused' }]);
  });
});
