import fc from 'fast-check';
import { expect, test } from 'vitest';
import { halve, type Next, type Trouble } from './halve.ts';

type Claim = { id: number; cost: number; isBad: boolean };
type End = { sealed: number[][]; setAside: number[]; waiting: number[] };

/** The settler's own way with a batch, over a chain that refuses bad claims and asks a fee of each. */
function settle(batch: readonly Claim[], limit: number, budget: { left: number }, end: End): void {
  const [one, ...more] = batch;
  if (!one) return;
  const cost = batch.reduce((sum, claim) => sum + claim.cost, 0);
  const trouble: Trouble | null = batch.some(({ isBad }) => isBad)
    ? 'refused'
    : cost > Math.min(limit, budget.left)
      ? budget.left < limit
        ? 'outOfMoney'
        : 'tooDear'
      : null;
  if (trouble === null) {
    budget.left -= cost;
    end.sealed.push(batch.map(({ id }) => id));
    return;
  }
  const next: Next<Claim> = halve([one, ...more], trouble);
  if (next.kind === 'setAside') end.setAside.push(next.one.id);
  else if (next.kind === 'wait') end.waiting.push(one.id);
  else {
    settle(next.first, limit, budget, end);
    if (next.kind === 'both') settle(next.second, limit, budget, end);
    else end.waiting.push(...batch.slice(next.first.length).map(({ id }) => id));
  }
}

const claims = fc
  .array(fc.record({ cost: fc.integer({ min: 1, max: 20 }), isBad: fc.boolean() }), { maxLength: 60 })
  .map((all) => all.map((claim, id) => ({ ...claim, id })));

test('every claim ends sealed, set aside or waiting, once; in order; and no more is spent than there is', () => {
  fc.assert(
    fc.property(claims, fc.integer({ min: 1, max: 200 }), fc.integer({ min: 0, max: 600 }), (batch, limit, money) => {
      const end: End = { sealed: [], setAside: [], waiting: [] };
      const budget = { left: money };
      settle(batch, limit, budget, end);
      const sealed = end.sealed.flat();
      expect([...sealed, ...end.setAside, ...end.waiting].sort((a, b) => a - b)).toEqual(batch.map(({ id }) => id));
      expect(sealed).toEqual(sealed.toSorted((a, b) => a - b));
      expect(budget.left).toBeGreaterThanOrEqual(0);
      const costOf = (ids: number[]) => ids.reduce((sum, id) => sum + (batch[id]?.cost ?? 0), 0);
      for (const transaction of end.sealed) expect(costOf(transaction)).toBeLessThanOrEqual(limit);
      expect(sealed.some((id) => batch[id]?.isBad)).toBe(false);
    }),
    { numRuns: 1_000 },
  );
});

test('with money enough, a claim is set aside only for what is wrong with itself', () => {
  fc.assert(
    fc.property(claims, fc.integer({ min: 1, max: 200 }), (batch, limit) => {
      const end: End = { sealed: [], setAside: [], waiting: [] };
      settle(batch, limit, { left: Number.MAX_SAFE_INTEGER }, end);
      expect(end.waiting).toEqual([]);
      for (const id of end.setAside) expect(batch[id]?.isBad || (batch[id]?.cost ?? 0) > limit).toBe(true);
    }),
  );
});
