import { sql } from 'kysely';
import type { Database } from '../../database/connection.ts';
import { Outage } from '../../process/outage.ts';
import type { Logger } from '../../process/run.ts';
import type { Horizon } from '../events/feed.ts';

/** Our own transactions end within 30 s, whatever happens to them: one that writes for longer is a person's. */
const LONG_MS = 60_000;

type Pending = { newest: bigint; writers: Set<string>; since: number };

/**
 * Up to which id the states of CDRs are complete. Ids are handed out before commit, so a lower one may appear late. But
 * whoever has an id locked the table for writing before that, and keeps the lock until the rows are there for all to
 * see, or never will be. So the newest id is looked up first, then who writes: once those have ended, nothing below
 * that id can appear any more. Who does not write this table holds nobody up, however long their transaction is. The
 * order is that of the ids alone, so it outlasts a dump, a restore and an upgrade, which number transactions anew.
 */
export function createStateHorizon(db: Database, log: Logger): () => Promise<Horizon | null> {
  const outage = new Outage(log, 'the stream of CDR states waits');
  let complete: bigint | null = null;
  let pending: Pending | null = null;

  /** Three steps, each a statement of its own: a lock is looked for after the snapshot that showed the id. */
  async function look(): Promise<void> {
    const newest = await readNewest(db);
    if (complete !== null && newest < complete) complete = null; // another database was put in its place
    if (newest === complete) return;
    const writers = await readWriters(db);
    if (writers.size === 0) complete = newest;
    else pending = { newest, writers, since: performance.now() };
  }

  return async () => {
    if (pending) {
      const { newest, writers, since } = pending;
      const now = await readWriters(db);
      if ([...writers].some((writer) => now.has(writer))) {
        if (performance.now() - since > LONG_MS)
          outage.report(`a transaction has been writing cdr_states for over ${LONG_MS / 1000} s`);
        return asHorizon(complete, true);
      }
      [complete, pending] = [newest, null];
      outage.end();
    }
    await look();
    return asHorizon(complete, pending !== null);
  };
}

const asHorizon = (newest: bigint | null, isPending: boolean): Horizon | null =>
  newest === null ? null : { newest, generation: 0n, isPending };

/** By the primary key, from its end. */
export async function readNewest(db: Database): Promise<bigint> {
  const { rows } = await sql<{ newest: bigint }>`select coalesce(max(id), 0) as newest from cdr_states`.execute(db);
  return rows[0]?.newest ?? 0n;
}

/** A transaction's name in `pg_locks` is its own as long as the server runs. Prepared ones have a lock too. */
async function readWriters(db: Database): Promise<Set<string>> {
  const { rows } = await sql<{ writer: string }>`
    select distinct virtualtransaction as writer from pg_locks
    where locktype = 'relation' and mode = 'RowExclusiveLock' and granted
      and database = (select oid from pg_database where datname = current_database())
      and relation = 'cdr_states'::regclass`.execute(db);
  return new Set(rows.map(({ writer }) => writer));
}
