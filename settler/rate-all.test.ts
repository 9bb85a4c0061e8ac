import { expect, test } from 'vitest';
import { type Rating, rateAll } from './rate-all.ts';

const AT_A_TIME = 3;

/** CDRs that can be judged from the second look on. */
function createQueue() {
  const waiting = new Map<bigint, number>();
  const looks: bigint[] = [];
  let made = 0n;
  return {
    looks,
    waiting,
    add: () => {
      made += 1n;
      waiting.set(made, 0);
    },
    find: async (after: bigint) =>
      [...waiting.keys()]
        .filter((id) => id > after)
        .sort((a, b) => Number(a - b))
        .slice(0, AT_A_TIME),
    rate: async (ids: readonly bigint[]) => {
      for (const id of ids) {
        looks.push(id);
        const seen = (waiting.get(id) ?? 0) + 1;
        if (seen === 2) waiting.delete(id);
        else waiting.set(id, seen);
      }
    },
  };
}

const begun = (): Rating => ({ newest: 0n, again: null, isNewBlock: false });

test('without a new block each is looked at once', async () => {
  const queue = createQueue();
  for (let i = 0; i < 8; i += 1) queue.add();
  const rating = begun();
  await rateAll(rating, queue, new AbortController().signal);
  await rateAll(rating, queue, new AbortController().signal);
  expect(queue.looks).toEqual([1n, 2n, 3n, 4n, 5n, 6n, 7n, 8n]);
});

test('with a new block all are looked at again, and what came late under a lower id', async () => {
  const queue = createQueue();
  for (let i = 0; i < 8; i += 1) queue.add();
  queue.waiting.delete(4n);
  const rating = begun();
  await rateAll(rating, queue, new AbortController().signal);
  queue.waiting.set(4n, 1); // its transaction was committed after those of the others
  rating.isNewBlock = true;
  await rateAll(rating, queue, new AbortController().signal);
  expect([...queue.waiting.keys()]).toEqual([]);
});

test('while new ones come without an end, those that waited are looked at again', async () => {
  const queue = createQueue();
  queue.add();
  const [rating, stop] = [begun(), new AbortController()];
  rating.isNewBlock = true;
  const looked = new Set<bigint>();
  const busy = {
    find: async (after: bigint) => {
      queue.add();
      return queue.find(after);
    },
    rate: async (ids: readonly bigint[]) => {
      await queue.rate(ids);
      for (const id of ids) looked.add(id);
      rating.isNewBlock = true; // blocks come all the time as well
      if (looked.size >= 100) stop.abort();
    },
  };
  await rateAll(rating, busy, stop.signal);
  const oldest = [...queue.waiting.keys()].sort((a, b) => Number(a - b))[0] as bigint;
  expect(Number(oldest)).toBeGreaterThan(80);
});
