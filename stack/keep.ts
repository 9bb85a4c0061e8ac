import { setTimeout as sleep } from 'node:timers/promises';
import type { Say } from './console.ts';
import type { Part } from './part.ts';
import { inOneLine } from './trouble.ts';

/** Starts a part and answers when it is ready. `begun` is told the part at once, before it is ready. */
export type Starter = (begun: (part: Part) => void) => Promise<void>;

export interface Kept {
  readonly name: string;
  /** Rejects when the first start fails; what happens later is said and mended here. */
  readonly ready: Promise<void>;
  /** Of the newest process, ready or not. */
  pid(): number | undefined;
  /** Of the process that was ready last: an address is not to be told before it answers. */
  readyPid(): number | undefined;
  stop(): Promise<void>;
  kill(): void;
}

const firstDelayMs = 1_000;
const longestDelayMs = 30_000;
/** A part that lived this long was well: its next death is a new story. */
const wellAfterMs = 60_000;

/** The wait before the next start: 1, 2, 4 .. 30 s for a part that keeps dying. */
export function nextDelay(previousMs: number | undefined, livedMs: number): number {
  if (previousMs === undefined || livedMs >= wellAfterMs) return firstDelayMs;
  return Math.min(previousMs * 2, longestDelayMs);
}

interface KeepOptions {
  readonly name: string;
  readonly start: Starter;
  readonly say: Say;
  /** There is a new process behind the name; it need not be ready yet. */
  readonly begun: () => void;
  /** It is ready. */
  readonly up: () => void;
}

/** Starts a part, and starts it again whenever it dies, until it is stopped. */
export function keepRunning({ name, start, say, begun, up }: KeepOptions): Kept {
  const stopping = new AbortController();
  const isStopping = () => stopping.signal.aborted;
  let part: Part | undefined;
  let readyPid: number | undefined;
  let bornMs = Date.now();

  const startOnce = async () => {
    bornMs = Date.now();
    await start((started) => {
      part = started;
      if (isStopping()) void started.stop();
      begun();
    });
    readyPid = part?.pid;
    up();
  };

  const startAgain = async () => {
    try {
      await startOnce();
      say(`runs again as process ${part?.pid}`);
    } catch (error) {
      if (!isStopping()) say(inOneLine(error), 'error');
      await part?.stop();
    }
  };

  const watch = async () => {
    let delayMs: number | undefined;
    while (!isStopping()) {
      const how = await part?.ended;
      if (isStopping()) return;
      delayMs = nextDelay(delayMs, Date.now() - bornMs);
      say(`ended (${how}): starting it again in ${delayMs / 1000} s`, 'warn');
      await sleep(delayMs, undefined, { signal: stopping.signal }).catch(() => undefined);
      if (!isStopping()) await startAgain();
    }
  };

  return {
    name,
    ready: startOnce().then(() => void watch()),
    pid: () => part?.pid,
    readyPid: () => readyPid,
    async stop() {
      stopping.abort();
      await part?.stop();
    },
    kill: () => part?.kill(),
  };
}
