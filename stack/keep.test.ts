import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { keepRunning, nextDelay } from './keep.ts';
import type { Part } from './part.ts';

describe('the wait before a restart', () => {
  test('grows from 1 s to 30 s, and begins anew after a part was well', () => {
    const delays = [1, 2, 3, 4, 5, 6, 7].reduce<number[]>((all) => [...all, nextDelay(all.at(-1), 100)], []);
    expect(delays).toEqual([1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]);
    expect(nextDelay(30_000, 60_000)).toBe(1000);
  });

  test('is always between 1 s and 30 s', () => {
    fc.assert(
      fc.property(
        fc.option(fc.integer({ min: 1000, max: 30_000 }), { nil: undefined }),
        fc.nat(),
        (previous, lived) => {
          const delay = nextDelay(previous, lived);
          return delay >= 1000 && delay <= 30_000;
        },
      ),
    );
  });
});

/** A part that ends when it is told to. */
function fakePart(pid: number): Part & { die(): void } {
  const { promise, resolve } = Promise.withResolvers<string>();
  let over = false;
  const die = () => {
    over = true;
    resolve('died');
  };
  return {
    remedy: undefined,
    name: 'fake',
    pid,
    ended: promise,
    hasEnded: () => over,
    hasReportedReady: () => true,
    lastLines: () => [],
    stop: async () => die(),
    kill: die,
    die,
  };
}

function keepFakes(start: (part: Part) => Promise<void>) {
  const parts: ReturnType<typeof fakePart>[] = [];
  const said: string[] = [];
  const kept = keepRunning({
    name: 'fake',
    start: async (begun) => {
      const part = fakePart(100 + parts.length);
      parts.push(part);
      begun(part);
      await start(part);
    },
    say: (message) => said.push(message),
    begun: () => {},
    up: () => {},
  });
  return { kept, parts, said };
}

describe('a kept part', () => {
  test('is started again after it died, until it is stopped', async () => {
    const { kept, parts, said } = keepFakes(async () => {});
    await kept.ready;
    expect(kept.readyPid()).toBe(100);
    parts[0]?.die();
    await sleep(1_200);
    expect(kept.readyPid()).toBe(101);
    expect(said).toEqual(['ended (died): starting it again in 1 s', 'runs again as process 101']);
    await kept.stop();
    await sleep(1_200);
    expect(parts).toHaveLength(2);
  });

  test('that does not start is said by `ready`, and can be stopped while it tries', async () => {
    const { kept, parts } = keepFakes((part) => part.ended.then(() => Promise.reject(new Error('no'))));
    await kept.stop();
    await expect(kept.ready).rejects.toThrow('no');
    expect(parts).toHaveLength(1);
  });
});
