import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type Counted, createLimiter, type Limiter } from './limiter.ts';

const policy = { name: 'key', quota: 5, windowS: 60 };

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A common count whose windows end when it is told so. */
function createCount() {
  const counts = new Map<string, number>();
  const told: number[] = [];
  return {
    counts,
    told,
    add: async (client: string, requests: number): Promise<Counted> => {
      told.push(requests);
      const consumed = (counts.get(client) ?? 0) + requests;
      counts.set(client, consumed);
      return { consumed, msLeft: 30_000 };
    },
  };
}

const createOne = (add: Parameters<typeof createLimiter>[0]) => createLimiter(add, policy, () => Date.now());
const takeAll = ({ take }: Limiter, requests: number, client = 'a') =>
  Array.from({ length: requests }, () => take(client).isOver);
const tell = () => vi.advanceTimersByTimeAsync(100);

test('so many requests, then none until the window ends', async () => {
  const { counts, told, add } = createCount();
  const limiter = createOne(add);
  expect(limiter.take('a')).toEqual({ isOver: false, remaining: 4, resetS: 60 });
  expect(takeAll(limiter, 6)).toEqual([false, false, false, false, true, true]);
  expect(limiter.take('b').isOver).toBe(false);
  await tell();
  expect(told).toEqual([7, 1]); // at once, not one by one
  expect(limiter.take('a')).toEqual({ isOver: true, remaining: 0, resetS: 30 });
  await tell();
  expect(told).toHaveLength(2); // who is over is over
  counts.clear();
  await vi.advanceTimersByTimeAsync(30_000);
  expect(takeAll(limiter, 6)).toEqual([false, false, false, false, false, true]);
});

test('what others have let through counts too', async () => {
  const { add } = createCount();
  const [one, other] = [createOne(add), createOne(add)];
  expect(takeAll(one, 3)).not.toContain(true);
  await tell();
  other.take('a');
  await tell();
  expect(takeAll(other, 2)).toEqual([false, true]);
});

test('requests that come while the common count is asked are told the next time', async () => {
  const answers: ((counted: Counted) => void)[] = [];
  const told: number[] = [];
  const limiter = createOne((_, requests) => {
    told.push(requests);
    return new Promise((resolve) => answers.push(resolve));
  });
  takeAll(limiter, 2);
  await tell();
  expect(limiter.take('a').remaining).toBe(2);
  await tell();
  expect(told).toEqual([2]);
  answers[0]?.({ consumed: 2, msLeft: 1_000 });
  await tell();
  expect(told).toEqual([2, 1]);
});

test('where nobody counts, nobody is refused for longer than it takes to find out', async () => {
  const limiter = createOne(async () => null);
  for (let round = 0; round < 3; round += 1) {
    expect(takeAll(limiter, 5)).not.toContain(true);
    await tell();
  }
});
