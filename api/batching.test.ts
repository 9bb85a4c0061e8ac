import pg from 'pg';
import { describe, expect, test } from 'vitest';
import { createBatching, runApart } from './batching.ts';

const moment = () => new Promise((resolve) => setImmediate(resolve));

/** Batches that end when they are told to. */
function createOne({ atATime = 2, most = 64 } = {}) {
  const underWay: { batch: readonly number[]; end: (again?: number[]) => Promise<unknown> }[] = [];
  const ask = createBatching<number>({
    atATime,
    take: (waiting, share) => waiting.splice(0, Math.min(share, most)),
    run: (batch) =>
      new Promise((resolve) => {
        const one = { batch, end: (again: number[] = []) => end(again) };
        const end = (again: number[]) => {
          underWay.splice(underWay.indexOf(one), 1);
          resolve(again);
          return moment();
        };
        underWay.push(one);
      }),
  });
  const askAll = (...all: number[]) => {
    for (const each of all) ask(each);
    return moment();
  };
  return { askAll, underWay, batches: () => underWay.map(({ batch }) => batch) };
}

test('what comes at the same moment is shared by the batches', async () => {
  const { askAll, batches } = createOne();
  await askAll(1, 2, 3, 4, 5);
  expect(batches()).toEqual([
    [1, 2, 3],
    [4, 5],
  ]);
});

test('a batch that would be small beside another one waits for it, or for more', async () => {
  const { askAll, batches, underWay } = createOne();
  await askAll(1, 2, 3, 4, 5, 6);
  await underWay[0]?.end();
  await askAll(7);
  expect(batches()).toEqual([[4, 5, 6]]);
  await askAll(8);
  expect(batches()).toEqual([
    [4, 5, 6],
    [7, 8],
  ]);
  await askAll(9);
  await underWay[1]?.end();
  expect(batches()).toEqual([[4, 5, 6]]);
  await underWay[0]?.end();
  expect(batches()).toEqual([[9]]);
});

test('what waits again goes before all others', async () => {
  const { askAll, batches, underWay } = createOne({ atATime: 1 });
  await askAll(1, 2);
  await askAll(3);
  await underWay[0]?.end([2]);
  expect(batches()).toEqual([[2, 3]]);
});

test('a batch holds no more than fit, and nobody is forgotten', async () => {
  const { askAll, batches, underWay } = createOne({ atATime: 1, most: 2 });
  await askAll(1, 2, 3, 4, 5);
  const seen: number[] = [];
  while (underWay[0]) {
    expect(batches()).toHaveLength(1);
    seen.push(...underWay[0].batch);
    await underWay[0].end();
  }
  expect(seen).toEqual([1, 2, 3, 4, 5]);
});

describe('a batch in which something goes wrong', () => {
  const unavailable = Object.assign(new pg.DatabaseError('shutting down', 0, 'error'), { code: '57P01' });
  async function runWith(fault: Error, count = 3) {
    const refused: [number, unknown][] = [];
    const runs: number[][] = [];
    const batch = Array.from({ length: count }, (_, n) => ({
      n,
      refuse: (error: unknown) => refused.push([n, error]),
    }));
    const again = await runApart(batch, async (some) => {
      runs.push(some.map(({ n }) => n));
      if (some.some(({ n }) => n === 1)) throw fault;
      return some.filter(({ n }) => n === 2);
    });
    return { runs, again: again.map(({ n }) => n), refused };
  }

  test('is run one by one: who has brought it up is refused, the others are not', async () => {
    const fault = new Error('out of range');
    expect(await runWith(fault)).toEqual({ runs: [[0, 1, 2], [0], [1], [2]], again: [2], refused: [[1, fault]] });
  });

  test('is refused as a whole where the database is away', async () => {
    const refused = [0, 1, 2].map((n) => [n, unavailable]);
    expect(await runWith(unavailable)).toEqual({ runs: [[0, 1, 2]], again: [], refused });
  });
});
