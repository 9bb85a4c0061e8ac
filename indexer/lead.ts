import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import { isDatabaseUnavailable } from '../database/errors.ts';
import { Outage } from '../process/outage.ts';
import type { Logger } from '../process/run.ts';

/** Any number that nobody else locks in this database. */
const LEADER_LOCK = 0x1d_e5;
const STANDBY_POLL_MS = 1_000;
const RETRY_MS = 1_000;
/**
 * A connection that says nothing any more is asked: with the pool's limit for answers, its silence shows within a
 * minute.
 */
const CHECK_MS = 10_000;

/**
 * Does the work while this process is the one indexer that leads: an advisory lock on a connection of its own, which
 * Postgres releases when the process dies. That only saves work: a second writer would be stopped by the cursor. Where
 * that connection breaks, or Postgres is away, the work is stopped and begun again once this process leads again. Until
 * the signal.
 */
export async function whileLeading(
  pool: pg.Pool,
  log: Logger,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const outage = new Outage(log, 'waiting for the lead');
  while (!signal.aborted) {
    const lost = new AbortController();
    try {
      const client = await takeLead(pool, log, signal, outage);
      if (!client) return;
      const watch = watchLead(client, lost);
      try {
        await work(AbortSignal.any([signal, lost.signal]));
      } finally {
        clearInterval(watch);
        client.release(true);
      }
    } catch (error) {
      // Without the lead another indexer may write: what failed then says nothing, and a real fault shows again with
      // it.
      if (!lost.signal.aborted && !isDatabaseUnavailable(error)) throw error;
      outage.report(error);
      await pause(RETRY_MS, signal);
    }
    if (lost.signal.aborted && !signal.aborted) log.warn(`the lead is lost: ${String(lost.signal.reason)}`);
  }
}

/** A connection that holds the lead; null at the signal. */
async function takeLead(
  pool: pg.Pool,
  log: Logger,
  signal: AbortSignal,
  outage: Outage,
): Promise<pg.PoolClient | null> {
  const client = await pool.connect();
  let leads = false;
  let waiting = false;
  try {
    outage.end();
    while (!signal.aborted) {
      const { rows } = await client.query('select pg_try_advisory_lock($1) as leads', [LEADER_LOCK]);
      leads = rows[0].leads;
      if (leads) return client;
      if (!waiting) log.info('another indexer leads: standing by');
      waiting = true;
      await pause(STANDBY_POLL_MS, signal);
    }
    return null;
  } finally {
    if (!leads) client.release(true);
  }
}

function watchLead(client: pg.PoolClient, lost: AbortController): NodeJS.Timeout {
  const lose = (error: Error) => lost.abort(error.message);
  client.on('error', lose);
  let asking = false;
  return setInterval(() => {
    if (asking) return;
    asking = true;
    client.query('select 1').then(() => {
      asking = false;
    }, lose);
  }, CHECK_MS);
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => {}); // the signal ends it sooner
}
