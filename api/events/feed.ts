import { Outage } from '../../process/outage.ts';
import type { Logger } from '../../process/run.ts';
import { createGate } from '../http/gate.ts';
import { frame } from './frame.ts';

/** Something that happened. Its key orders it among all others of its kind. */
export type Entry = { key: bigint; name: string; data: string };

/** How far everything is known: no entry below or at `newest` will ever come late. */
export type Horizon = {
  newest: bigint;
  /** Moves where entries were taken back. */
  generation: bigint;
  /** There is more that may be known in a moment. */
  isPending: boolean;
};

/** Entries behind `after`, oldest first; of what lies up to `reached` none is missing. */
export type Page<E> = { entries: E[]; reached: bigint };
export type Range = { after: bigint; upTo: bigint; limit: number };

export type Source<E extends Entry, F> = {
  what: string;
  /** null: can't be told yet. */
  findHorizon(): Promise<Horizon | null>;
  /** With a filter, entries that do not match may be left out. */
  read(range: Range, filter: F | null): Promise<Page<E>>;
  matches(entry: E, filter: F): boolean;
  /** How an entry, or a place between entries, is named to a reader. */
  idOf(key: bigint, generation: bigint): string;
  /** It is asked so often whether there is news, while somebody reads; `wake` makes it sooner. */
  checkMs: number;
};

export type Known = { newest: bigint; generation: bigint; epoch: number };

export type Feed<E extends Entry, F> = {
  /** The feed works while somebody has joined. Answers how to leave. */
  join(): () => void;
  /** There may be news. */
  wake(): void;
  /** null: not told yet. The epoch moves where readers can't go on as they did. */
  known(): Known | null;
  next(after: bigint, filter: F): Promise<Page<E>>;
  /** Until there is news, the time is over, or the signal comes. */
  moved(limitMs: number, signal: AbortSignal): Promise<void>;
  idOf(key: bigint, generation: bigint): string;
  /** An entry as it is sent; made once for all readers. */
  frameOf(entry: E, generation: bigint): string;
  /** Everybody who waits goes on. */
  rouse(): void;
};

/** What all readers have before them in memory, up to twice as many: some MB. Who is behind that reads from the database. */
const KEPT = 5_000;
const PAGE = 500;
/** The other connections of the pool are for everybody else. */
const MAX_READING = 2;
/** To write to so many takes some milliseconds: then other requests have their turn. */
const MAX_ROUSED = 100;
const AGAIN_MS = 50;
const RETRY_MS = 1_000;

type Window<E> = Known & { after: bigint; entries: E[] };

/**
 * What is new is read once for all readers. Each reader goes at its own pace, from the window in memory or, further
 * back, from the database: nothing is queued up for anybody.
 */
export function createFeed<E extends Entry, F>(source: Source<E, F>, log: Logger, kept = KEPT): Feed<E, F> {
  const outage = new Outage(log, `the stream of ${source.what} waits`);
  const gate = createGate(MAX_READING);
  const waiting = new Set<() => void>();
  const frames = new WeakMap<E, { generation: bigint; text: string }>();
  let window: Window<E> | null = null;
  let epoch = 0;
  let readers = 0;
  let checks: NodeJS.Timeout | undefined;
  let again: NodeJS.Timeout | undefined;
  let isBusy = false;
  let isWanted = false;

  function rouse(all = [...waiting]): void {
    for (const go of all.splice(0, MAX_ROUSED)) go();
    if (all.length > 0) setImmediate(rouse, all);
  }

  async function advance({ newest, generation }: Horizon): Promise<void> {
    if (!window || window.generation !== generation || newest < window.newest) {
      epoch += 1;
      window = { newest, generation, epoch, after: newest, entries: [] };
      rouse();
      return;
    }
    while (readers > 0 && window.newest < newest) {
      const { entries, reached }: Page<E> = await source.read(
        { after: window.newest, upTo: newest, limit: PAGE },
        null,
      );
      window = extended(window, entries, reached, kept);
      rouse();
    }
  }

  async function refresh(): Promise<void> {
    isBusy = true;
    try {
      do {
        isWanted = false;
        const horizon = await source.findHorizon();
        if (horizon) await advance(horizon);
        clearTimeout(again);
        if (!horizon || horizon.isPending) again = setTimeout(wake, AGAIN_MS);
        outage.end();
      } while (isWanted && readers > 0);
    } catch (error) {
      outage.report(error);
      clearTimeout(again);
      again = setTimeout(wake, RETRY_MS);
    } finally {
      isBusy = false;
      if (readers === 0) window = null;
    }
  }

  function wake(): void {
    isWanted = true;
    if (readers > 0 && !isBusy) void refresh();
  }

  function join(): () => void {
    readers += 1;
    if (readers === 1) {
      checks = setInterval(wake, source.checkMs);
      wake();
    }
    let isLeft = false;
    return () => {
      if (isLeft) return;
      isLeft = true;
      readers -= 1;
      if (readers > 0) return;
      clearInterval(checks);
      clearTimeout(again);
      if (!isBusy) window = null;
    };
  }

  async function next(after: bigint, filter: F): Promise<Page<E>> {
    if (!window || window.newest <= after) return { entries: [], reached: after };
    const { newest } = window;
    const page =
      window.after <= after
        ? within(window, after)
        : await gate(() => source.read({ after, upTo: newest, limit: PAGE }, filter));
    return { entries: page.entries.filter((entry) => source.matches(entry, filter)), reached: page.reached };
  }

  function moved(limitMs: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const go = () => {
        clearTimeout(timer);
        signal.removeEventListener('abort', go);
        waiting.delete(go);
        resolve();
      };
      const timer = setTimeout(go, limitMs);
      signal.addEventListener('abort', go);
      waiting.add(go);
    });
  }

  function frameOf(entry: E, generation: bigint): string {
    const made = frames.get(entry);
    if (made?.generation === generation) return made.text;
    const text = frame(entry.name, entry.data, source.idOf(entry.key, generation));
    frames.set(entry, { generation, text });
    return text;
  }

  return { join, wake, known: () => window, next, moved, idOf: source.idOf, frameOf, rouse };
}

function extended<E extends Entry>(window: Window<E>, added: E[], reached: bigint, kept: number): Window<E> {
  const all = [...window.entries, ...added];
  // Trimmed now and then, not entry by entry.
  const dropped = all.length > 2 * kept ? all.length - kept : 0;
  const after = dropped === 0 ? window.after : (all[dropped - 1]?.key ?? window.after);
  return { ...window, newest: reached, after, entries: dropped === 0 ? all : all.slice(dropped) };
}

/** The next entries in the window, found by halving. */
function within<E extends Entry>({ entries, newest }: Window<E>, after: bigint): Page<E> {
  let [low, high] = [0, entries.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((entries[middle] as E).key <= after) low = middle + 1;
    else high = middle;
  }
  const found = entries.slice(low, low + PAGE);
  const last = found.at(-1);
  return { entries: found, reached: last && low + PAGE < entries.length ? last.key : newest };
}
