import { describe, expect, test } from 'vitest';
import type { Logger } from '../../process/run.ts';
import { createFeed, type Entry, type Horizon, type Range, type Source } from './feed.ts';
import { framesOf, type Timing } from './stream.ts';

const log = { warn: () => {} } as unknown as Logger;
const timing: Timing = { heartbeatMs: 60, slowMs: 1_000, graceMs: 100 };

/** A source of numbers; even ones are `even`. */
function createNumbers() {
  const state: Horizon = { newest: 0n, generation: 0n, isPending: false };
  const reads: Range[] = [];
  const source: Source<Entry, string | null> = {
    what: 'numbers',
    checkMs: 1_000_000,
    idOf: (key, generation) => `${key}-${generation}`,
    findHorizon: async () => ({ ...state }),
    read: async (range) => {
      reads.push(range);
      const { after, upTo, limit } = range;
      const entries: Entry[] = [];
      for (let key = after + 1n; key <= upTo && entries.length < limit; key += 1n)
        entries.push({ key, name: key % 2n === 0n ? 'even' : 'odd', data: String(key) });
      return { entries, reached: entries.at(-1)?.key ?? upTo };
    },
    matches: ({ name }, filter) => filter === null || name === filter,
  };
  return { state, reads, source };
}

type Given = { after?: bigint | null; generation?: bigint; filter?: string | null };

function open(feed: ReturnType<typeof createFeed<Entry, string | null>>, given: Given = {}) {
  const { after = null, generation = 0n, filter = null } = given;
  const [left, stopping] = [new AbortController(), new AbortController()];
  const leave = feed.join();
  const start = { after, generation, prelude: '', until: null };
  const frames = framesOf(feed, start, filter, { left: left.signal, stopping: stopping.signal, timing });
  return { frames, left, stopping, leave };
}

/** What comes until there are so many numbers, or the stream ends. */
async function take(frames: AsyncGenerator<string, void>, wanted: number): Promise<string[]> {
  let text = '';
  const numbers = () => [...text.matchAll(/^data: (\d+)$/gm)].map(([, number]) => number as string);
  while (numbers().length < wanted) {
    const { done, value } = await frames.next();
    if (done) break;
    text += value;
  }
  return numbers();
}

const upTo = (last: number, step = 1) => Array.from({ length: last / step }, (_, i) => String((i + 1) * step));

async function until(frames: AsyncGenerator<string, void>, pattern: RegExp): Promise<string> {
  for (let tries = 0; tries < 20; tries += 1) {
    const { done, value } = await frames.next();
    if (done) break;
    if (pattern.test(value)) return value;
  }
  throw new Error(`nothing like ${pattern} came`);
}

describe('a feed', () => {
  test('reads what is new once, however many read it, and each gets all of it', async () => {
    const { state, reads, source } = createNumbers();
    const feed = createFeed(source, log);
    const readers = Array.from({ length: 100 }, () => open(feed));
    for (const { frames } of readers) await until(frames, /event: position/);
    state.newest = 1_200n;
    feed.wake();
    const taken = await Promise.all(readers.map(({ frames }) => take(frames, 1_200)));
    for (const numbers of taken) expect(numbers).toEqual(upTo(1_200));
    expect(reads).toHaveLength(3); // pages of 500
  });

  test('who is further behind than the window reads from the source, and misses nothing where both meet', async () => {
    const { state, reads, source } = createNumbers();
    const feed = createFeed(source, log, 100);
    const keeper = open(feed);
    await until(keeper.frames, /event: position/);
    for (let newest = 90n; newest <= 2_700n; newest += 90n) {
      state.newest = newest;
      feed.wake();
      await take(keeper.frames, 90);
    }
    const known = reads.length;
    const [late, even] = [open(feed, { after: 0n }), open(feed, { after: 0n, filter: 'even' })];
    expect(await take(late.frames, 2_700)).toEqual(upTo(2_700));
    expect(await take(even.frames, 1_350)).toEqual(upTo(2_700, 2));
    expect(reads.length - known).toBeGreaterThan(8);
    const near = open(feed, { after: 2_650n });
    const before = reads.length;
    expect(await take(near.frames, 50)).toHaveLength(50);
    expect(reads).toHaveLength(before);
  });

  test('nobody reads, nothing is asked', async () => {
    const { state, reads, source } = createNumbers();
    const feed = createFeed(source, log);
    const { frames, leave } = open(feed);
    await until(frames, /event: position/);
    leave();
    state.newest = 10n;
    feed.wake();
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(reads).toEqual([]);
    expect(feed.known()).toBeNull();
  });

  test('a failing source: the readers wait, and go on where they were', async () => {
    const { state, source } = createNumbers();
    let isAway = false;
    const failing: typeof source = {
      ...source,
      findHorizon: () => (isAway ? Promise.reject(new Error('away')) : source.findHorizon()),
    };
    const feed = createFeed(failing, log);
    const { frames } = open(feed);
    await until(frames, /event: position/);
    isAway = true;
    state.newest = 3n;
    feed.wake();
    await until(frames, /^: still here/);
    isAway = false;
    feed.wake();
    expect(await take(frames, 3)).toEqual(['1', '2', '3']);
  });
});

describe('a stream', () => {
  test('begins with the place to go on from, and tells it again where nothing for this reader happens', async () => {
    const { state, source } = createNumbers();
    state.newest = 4n;
    const feed = createFeed(source, log);
    const { frames } = open(feed, { filter: 'even' });
    expect((await frames.next()).value).toMatch(/^retry: \d+\n\n$/);
    expect((await frames.next()).value).toBe('id: 4-0\nevent: position\ndata: {}\n\n');
    expect((await frames.next()).value).toBe(': still here\n\n');
    state.newest = 5n;
    feed.wake();
    expect((await frames.next()).value).toBe('id: 5-0\nevent: position\ndata: {}\n\n');
  });

  test('ends with a reason where the server stops, and at once', async () => {
    const feed = createFeed(createNumbers().source, log);
    const { frames, stopping } = open(feed);
    await until(frames, /event: position/);
    const next = until(frames, /event: end/);
    stopping.abort();
    feed.rouse();
    expect(await next).toContain('"code":"serverStopping"');
    expect((await frames.next()).done).toBe(true);
  });

  test('ends where entries were taken back, and a reader who knows of it goes on', async () => {
    const { state, source } = createNumbers();
    state.newest = 10n;
    const feed = createFeed(source, log);
    const old = open(feed);
    await until(old.frames, /event: position/);
    const early = open(feed, { after: 4n, generation: 1n }); // told of it before the feed was
    await until(early.frames, /^: still here/);
    Object.assign(state, { newest: 7n, generation: 1n });
    feed.wake();
    expect(await until(old.frames, /event: end/)).toContain('"code":"rolledBack"');
    expect(await take(early.frames, 3)).toEqual(['5', '6', '7']);
    const behind = open(feed, { after: 4n, generation: 0n });
    expect(await until(behind.frames, /event: end/)).toContain('"code":"rolledBack"');
  });

  test('a reader who has left is sent nothing more', async () => {
    const feed = createFeed(createNumbers().source, log);
    const { frames, left } = open(feed);
    await until(frames, /event: position/);
    const next = frames.next();
    left.abort();
    expect((await next).done).toBe(true);
  });
});
