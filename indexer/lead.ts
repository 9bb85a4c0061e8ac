import type pg from 'pg';
import type { Logger } from '../process/run.ts';

/** Any number that nobody else locks in this database. */
const LEADER_LOCK = 0x1d_e5;
const STANDBY_POLL_MS = 1_000;

/**
 * Waits until this process is the one indexer that leads: an advisory lock on a connection of its own, which Postgres
 * releases when the process dies. That only saves work: a second writer would be stopped by the cursor. Calls `onLost` where the connection breaks.
 */
export async function waitForLead(
  pool: pg.Pool,
  log: Logger,
  signal: AbortSignal,
  onLost: () => void,
): Promise<pg.PoolClient | null> {
  const client = await pool.connect();
  client.on('error', onLost);
  let waiting = false;
  while (!signal.aborted) {
    const { rows } = await client.query('select pg_try_advisory_lock($1) as leads', [LEADER_LOCK]);
    if (rows[0].leads) return client;
    if (!waiting) log.info('another indexer leads: standing by');
    waiting = true;
    await new Promise((resolve) => setTimeout(resolve, STANDBY_POLL_MS));
  }
  client.release(true);
  return null;
}
