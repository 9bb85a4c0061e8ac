import pg from 'pg';
import { isSilence, UnfitConnection } from './errors.ts';
import { type Role, roleName } from './roles.ts';

/** No statement of ours is meant to run this long; one that does must not hold its locks. */
const STATEMENT_LIMIT_MS = 30_000;
/** A process that stalls inside a transaction (or loses its network) is cut off. */
const IDLE_TRANSACTION_LIMIT_MS = 30_000;
/** So often a server looks whether a migration's client still lives: a killed one must not hold its locks on. */
const CLIENT_CHECK_MS = 5_000;
/** In which a pooler that shares its connections lends out ours: at once, as we do not use it. */
const PROBE_LIMIT_MS = 1_000;

/** Postgres or a pooler on the way answers in milliseconds; a node that was lost never. */
export const CONNECT_LIMIT_MS = 10_000;

/**
 * What a connection is for: a service's short statements; those that are asked so often that planning them anew for
 * each set of parameters costs more than running them (`prepared.ts`); or a migration, which may take hours.
 */
export type Purpose = 'service' | 'hot' | 'migration';

/** A statement ends after `limitMs`. */
type Session = { purpose?: Purpose | undefined; limitMs?: number | undefined };

/**
 * What our parsing and logic need, whatever server, database and login say. A read-only default is left as it is: who
 * sets it wants no writes here (a disk that fills up, a move to another server), and a write past it could be lost.
 */
function pinnedSettings({ purpose = 'service', limitMs = STATEMENT_LIMIT_MS }: Session): Record<string, string> {
  const limit = (ms: number) => String(purpose === 'migration' ? 0 : ms);
  return {
    // how values are written and read
    client_encoding: 'UTF8',
    TimeZone: 'UTC',
    DateStyle: 'ISO, YMD',
    IntervalStyle: 'postgres',
    bytea_output: 'hex',
    extra_float_digits: '1',
    xmlbinary: 'base64',
    array_nulls: 'on',
    standard_conforming_strings: 'on',
    transform_null_equals: 'off',
    // where our tables are, and that none of their rows or rules is hidden from us in silence
    search_path: 'public',
    row_security: 'off',
    session_replication_role: 'origin',
    // `on conflict do nothing`, then reading what stands, needs to see what others commit meanwhile
    default_transaction_isolation: 'read committed',
    default_transaction_deferrable: 'off',
    // what is asked is found by indexes, most of them in memory, and leaves other processors to others
    random_page_cost: '1.1',
    max_parallel_workers_per_gather: '0',
    plan_cache_mode: purpose === 'hot' ? 'force_generic_plan' : 'auto',
    // waiting for a lock is bounded by the statement's limit
    lock_timeout: '0',
    statement_timeout: limit(limitMs),
    idle_in_transaction_session_timeout: limit(IDLE_TRANSACTION_LIMIT_MS),
    transaction_timeout: '0',
    idle_session_timeout: '0',
    ...(purpose === 'migration' && { client_connection_check_interval: String(CLIENT_CHECK_MS) }),
  };
}

/**
 * Makes a new connection ours: role and settings are set by a statement, as poolers drop or refuse startup options, and
 * then looked at. @throws UnfitConnection where they do not hold
 */
export async function setUpSession(
  client: pg.ClientBase,
  url: string,
  role?: Role,
  session: Session = {},
): Promise<void> {
  await refuseSharedConnections(client, url);
  const settings = JSON.stringify(Object.entries(pinnedSettings(session)).map(([name, wanted]) => ({ name, wanted })));
  await client.query(pinAll, [settings]); // before the role, which may set less
  if (role) await takeRole(client, role);
  const { rows } = await client.query(findUnpinned, [settings, role ? roleName(role) : null]);
  const [{ wrong = null } = {}] = rows;
  if (wrong) throw new UnfitConnection(`role or settings do not hold on its connections (${wrong})`);
}

/** A version of Postgres that lacks a setting needs none. What is right already takes no rights to set. */
const pinAll = `
  select pg_catalog.set_config(name, wanted, false)
  from pg_catalog.json_to_recordset($1) as pinned(name text, wanted text)
  join pg_catalog.pg_settings using (name)
  where setting <> wanted
  union all
  -- acknowledged means on disk: where a commit does not wait for that, it does with us
  select pg_catalog.set_config('synchronous_commit', 'on', false)
  where pg_catalog.current_setting('synchronous_commit') = 'off'`;

const findUnpinned = `
  select pg_catalog.string_agg(name, ', ') as wrong from (
    select name
    from pg_catalog.json_to_recordset($1) as pinned(name text, wanted text)
    join pg_catalog.pg_settings using (name)
    where setting <> wanted
    union all
    select 'role' where $2::text is not null and current_user::text <> $2::text
    union all
    select 'synchronous_commit' where pg_catalog.current_setting('synchronous_commit') = 'off'
  ) as unpinned`;

async function takeRole(client: pg.ClientBase, role: Role): Promise<void> {
  const name = roleName(role);
  const { rows } = await client.query(
    `select pg_catalog.pg_has_role(oid, 'member') as member from pg_catalog.pg_roles where rolname = $1`,
    [name],
  );
  const advice = 'node database/main.ts creates and grants it';
  if (rows.length === 0) throw new UnfitConnection(`there is no role ${name}: ${advice}`);
  if (!rows[0].member) throw new UnfitConnection(`its user may not take on the role ${name}: ${advice}`);
  await client.query(`set role ${name}`);
}

/**
 * A pooler that lends a server's connection out for one transaction only (PgBouncer's transaction mode) loses role,
 * settings, advisory locks and LISTEN, unsaid, and hands them to others. It gives itself away: while a second
 * connection holds a transaction open, ours has another server process than before, or that one has ours. Nothing is
 * set before that is clear.
 */
async function refuseSharedConnections(client: pg.ClientBase, url: string): Promise<void> {
  const ours = await processOf(client);
  // Poolers make up a number of their own for the client to cancel by.
  if ((client as pg.ClientBase & { processID: number | null }).processID === ours) return;
  const second = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: CONNECT_LIMIT_MS,
    query_timeout: PROBE_LIMIT_MS,
  });
  second.on('error', () => {}); // its statement says so
  try {
    await second.connect();
    const theirs = await holdTransaction(second);
    if (theirs !== ours && (await processOf(client)) === ours) return;
  } finally {
    await second.end();
  }
  throw new UnfitConnection(
    'a pooler in front of it shares connections between transactions (transaction or statement pooling); ' +
      'set session pooling (pool_mode=session), or connect to Postgres itself',
  );
}

/** The server process that it got; null where it got none in time, as all are lent out for whole sessions. */
async function holdTransaction(client: pg.ClientBase): Promise<number | null> {
  try {
    await client.query('begin');
    return await processOf(client);
  } catch (error) {
    if (isSilence(error)) return null;
    throw error;
  }
}

async function processOf(client: pg.ClientBase): Promise<number> {
  const { rows } = await client.query('select pg_catalog.pg_backend_pid() as pid');
  return rows[0].pid;
}
