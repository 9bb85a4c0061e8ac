import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import { createPool, type Database } from '../database/connection.ts';
import { Outage } from '../process/outage.ts';
import type { Logger } from '../process/run.ts';

/** Knows how far the index is, and wakes up whoever waits for a block. */
export type Head = {
  /** Whether the index reached that block within the time; false at once where too many wait already. */
  reached(height: number, limitMs: number, signal: AbortSignal): Promise<boolean>;
  /**
   * Calls back whenever the index may have moved, also backwards: with the height that was announced, or found after a
   * time in which announcements could be missed. Answers how to end that.
   */
  onMove(listener: (height: number) => void): () => void;
  /** Whether a move would be heard of. */
  isListening(): boolean;
  close(): Promise<void>;
};

/** Each waiting request holds a socket: more than this is no use of the API that we know of. */
const MAX_WAITERS = 1_000;
/** A lost notification costs so much at most; asked only while somebody waits. */
const POLL_MS = 500;
const RECONNECT_MS = 1_000;
/** So long a connection may be dead before that is noticed, and as long again. */
const CHECK_MS = 5_000;

/** LISTENs on one connection, which is made anew when it breaks, and polls besides. */
export function followHead(databaseUrl: string, db: Database, log: Logger): Head {
  const waiters = new Set<{ height: number; resolve: (reached: boolean) => void }>();
  const listeners = new Set<(height: number) => void>();
  const pool = createPool(databaseUrl, 'api', { max: 1, answerLimitMs: CHECK_MS });
  const stopping = new AbortController();
  const hearing = { isListening: false };
  let height = -1;

  const observe = (observed: number) => {
    height = observed; // may go back: a devnet's node can lose its last blocks
    for (const waiter of waiters) if (waiter.height <= height) waiter.resolve(true);
    for (const listener of listeners) listener(observed);
  };
  const poll = async ({ isSure }: { isSure: boolean }) => {
    const cursor = await db.selectFrom('cursor').select('height').executeTakeFirst();
    if (cursor && (isSure || cursor.height !== height)) observe(cursor.height);
  };
  const timer = setInterval(() => {
    if (waiters.size > 0) poll({ isSure: false }).catch(() => {}); // Postgres is away: the waiters time out
  }, POLL_MS);
  const listening = listenUntilStopped({ pool, signal: stopping.signal, observe, poll, hearing, log });

  function reached(wanted: number, limitMs: number, signal: AbortSignal): Promise<boolean> {
    if (wanted <= height) return Promise.resolve(true);
    if (stopping.signal.aborted || waiters.size >= MAX_WAITERS) return Promise.resolve(false);
    return new Promise((resolve) => {
      const end = (answer: boolean) => {
        clearTimeout(timeout);
        signal.removeEventListener('abort', leave);
        waiters.delete(waiter);
        resolve(answer);
      };
      const leave = () => end(false);
      const waiter = { height: wanted, resolve: end };
      const timeout = setTimeout(leave, limitMs);
      signal.addEventListener('abort', leave);
      waiters.add(waiter);
    });
  }

  function onMove(listener: (height: number) => void): () => void {
    listeners.add(listener);
    return () => listeners.delete(listener);
  }

  async function close(): Promise<void> {
    stopping.abort();
    listeners.clear();
    clearInterval(timer);
    for (const waiter of waiters) waiter.resolve(false);
    await listening;
    await pool.end();
  }

  return { reached, onMove, isListening: () => hearing.isListening, close };
}

type Listening = {
  pool: pg.Pool;
  signal: AbortSignal;
  observe: (height: number) => void;
  poll: (as: { isSure: boolean }) => Promise<void>;
  hearing: { isListening: boolean };
  log: Logger;
};

async function listenUntilStopped({ pool, signal, observe, poll, hearing, log }: Listening): Promise<void> {
  const outage = new Outage(log, 'not listening for new blocks');
  while (!signal.aborted) {
    try {
      const client = await pool.connect();
      const broken = untilBroken(client, signal);
      try {
        client.on('notification', ({ payload }) => observe(Number(payload)));
        await client.query('listen krypton_head');
        hearing.isListening = true;
        outage.end();
        await poll({ isSure: true }); // what was announced before we listened
        await Promise.race([broken, untilSilent(client, signal)]);
      } finally {
        hearing.isListening = false;
        client.release(true);
      }
    } catch (error) {
      if (!signal.aborted) outage.report(error);
    }
    await sleep(RECONNECT_MS, undefined, { signal }).catch(() => {});
  }
}

/** Rejects when the other side answers no more: a connection that only listens would learn of that much later. */
async function untilSilent(client: pg.PoolClient, signal: AbortSignal): Promise<never> {
  for (;;) {
    await sleep(CHECK_MS, undefined, { signal });
    await client.query('select 1');
  }
}

/** Rejects when the connection breaks or is no longer wanted. */
function untilBroken(client: pg.PoolClient, signal: AbortSignal): Promise<never> {
  const broken = new Promise<never>((_, reject) => {
    client.on('error', reject);
    const stop = () => reject(signal.reason);
    if (signal.aborted)
      stop(); // while we connected
    else signal.addEventListener('abort', stop, { once: true });
  });
  broken.catch(() => {}); // an earlier statement may fail first
  return broken;
}
