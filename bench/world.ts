import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { sql } from 'kysely';
import { createDatabase, type Database } from '../database/connection.ts';
import { migrate } from '../database/migrate.ts';
import { postgresStarter } from '../stack/base.ts';
import { openFolder, repository, tools } from '../stack/folder.ts';
import { keepRunning } from '../stack/keep.ts';
import { postgresUrl } from '../stack/postgres.ts';
import { rememberState } from '../stack/state.ts';
import { type CpuClock, cpuClockOfSiblings } from './cpu.ts';
import { profiling } from './profile.ts';

/** A server that is asked, and the process whose time counts. */
export type Server = { url: string; pid: number | undefined };

export type World = {
  db: Database;
  databaseUrl: string;
  /** What Postgres has spent. */
  postgres: CpuClock;
  startApi(): Promise<Server>;
  /** A bare server of `ceiling.ts`, with what it has to know. */
  startCeiling(kind: string, known?: unknown): Promise<Server>;
};

/** A Postgres of its own that writes to disk, with the newest schema; all of it is taken away again. */
export async function inWorld<T>(measure: (world: World) => Promise<T>): Promise<T> {
  const folder = openFolder(join(tools, `bench-${process.pid}`));
  const state = await rememberState(folder, () => {});
  const start = postgresStarter({ folder, state, terminal: { as: () => () => {} } }, { durable: true });
  const postgres = keepRunning({ name: 'postgres', start, say: () => {}, begun: () => {}, up: () => {} });
  const children: ChildProcess[] = [];
  const kept = (child: ChildProcess) => {
    children.push(child);
    return child;
  };
  try {
    await postgres.ready;
    const databaseUrl = postgresUrl(state, 'krypton');
    await migrate(databaseUrl);
    const db = createDatabase(databaseUrl);
    await beginIndex(db);
    const { rows } = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(db);
    const clock = cpuClockOfSiblings(rows[0]?.pid ?? 0);
    const startApi = async (): Promise<Server> => {
      const child = kept(forkApi(databaseUrl));
      return { url: await addressOf(child), pid: child.pid };
    };
    const startCeiling = async (kind: string, known: unknown = null): Promise<Server> => {
      const env = { ...process.env, DATABASE_URL: databaseUrl };
      const child = kept(fork(join(repository, 'bench', 'ceiling.ts'), [kind, JSON.stringify(known)], { env }));
      return { url: String((await once(child, 'message'))[0]), pid: child.pid };
    };
    const measured = await measure({ db, databaseUrl, postgres: clock, startApi, startCeiling });
    await db.destroy();
    return measured;
  } finally {
    await Promise.all(children.map(end));
    await postgres.stop();
    rmSync(folder.root, { recursive: true, force: true });
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  await ended;
}

const contract = `0x${'00'.repeat(20)}`;

async function beginIndex(db: Database): Promise<void> {
  const hash = `0x${'00'.repeat(32)}`;
  await sql`insert into cursor values (true, 1, ${contract}, 0, 1, ${hash}, now())`.execute(db);
  await sql`insert into blocks values (1, ${hash}, '', '2026-01-01')`.execute(db);
}

/** Nobody answers at port 1: node and Redis have no part in what is measured. */
const forkApi = (databaseUrl: string) =>
  fork(join(repository, 'api', 'main.ts'), {
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
    execArgv: profiling,
    env: {
      ...process.env,
      KRYPTON_DATABASE_URL: databaseUrl,
      KRYPTON_REDIS_URL: 'redis://127.0.0.1:1',
      KRYPTON_RPC_URL: 'http://127.0.0.1:1',
      KRYPTON_NETWORK: '1',
      KRYPTON_CONTRACT: contract,
      KRYPTON_API_PORT: '0',
      KRYPTON_API_LIMIT_KEY: '0',
      KRYPTON_API_LIMIT_ADDRESS: '0',
      KRYPTON_API_STREAMS_PER_CLIENT: '2000',
    },
  });

async function addressOf({ stdout }: ChildProcess): Promise<string> {
  let output = '';
  for await (const chunk of stdout?.iterator({ destroyOnReturn: false }) ?? []) {
    output += chunk;
    const found = /listening on (http:\S+?)"/.exec(output)?.[1];
    if (!found) continue;
    stdout?.resume();
    return found;
  }
  throw new Error(`the API does not start: ${output}`);
}
