import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { migrate } from '../../database/migrate.ts';
import { repository } from '../../stack/folder.ts';
import type { BenchChain, Stretch } from './chain.ts';

/** A database of a round's own: its URL, and how to end it. */
export type MakeDatabase = (name: string) => Promise<string>;

/** Blocks and events a second of one stretch. */
export type Speed = { stretch: Stretch; blocksPerSecond: number };
export type Backfill = { speeds: Speed[]; peakMiB: number };

/** The real indexer, as a process of its own, from the contract's deployment to the newest block. */
export async function backfill(chain: BenchChain, databaseUrl: string): Promise<Backfill> {
  await migrate(databaseUrl);
  const listener = new pg.Client({ connectionString: databaseUrl });
  await listener.connect();
  await listener.query('listen krypton_head');
  const commits: { height: number; at: number }[] = [];
  const last = Math.max(...chain.stretches.map(({ to }) => to));
  const indexer = fork(join(repository, 'indexer', 'main.ts'), {
    execArgv: process.env.BENCH_NODE_OPTIONS?.split(' ') ?? [],
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
    env: indexerEnv(chain, databaseUrl),
  });
  let output = '';
  indexer.stdout?.on('data', (chunk) => {
    output += chunk;
  });
  const done = new Promise<void>((resolve, reject) => {
    listener.on('notification', ({ payload }) => {
      commits.push({ height: Number(payload), at: performance.now() });
      if (Number(payload) >= last) resolve();
    });
    indexer.once('exit', (status) => reject(new Error(`the indexer ended with status ${status}: ${output}`)));
  });
  await done;
  const peakMiB = peakOf(indexer.pid);
  await end(indexer);
  await listener.end();
  return {
    speeds: chain.stretches.map((stretch) => ({ stretch, blocksPerSecond: speedOf(commits, stretch) })),
    peakMiB,
  };
}

export const indexerEnv = (
  chain: Pick<BenchChain, 'rpcUrl' | 'network' | 'contract' | 'deployedAt'>,
  databaseUrl: string,
): NodeJS.ProcessEnv => ({
  ...process.env,
  KRYPTON_DATABASE_URL: databaseUrl,
  KRYPTON_RPC_URL: chain.rpcUrl,
  KRYPTON_NETWORK: String(chain.network),
  KRYPTON_CONTRACT: chain.contract,
  KRYPTON_DEPLOYED_AT: String(chain.deployedAt),
});

/** Between the first and the last commit inside of a stretch: what lies before and behind it is not counted. */
function speedOf(commits: readonly { height: number; at: number }[], { from, to }: Stretch): number {
  const inside = commits.filter(({ height }) => height >= from && height <= to);
  const [first, last] = [inside.at(0), inside.at(-1)];
  if (!first || !last || last.at <= first.at) throw new Error('a stretch was committed at once: it is too short');
  return (1000 * (last.height - first.height)) / (last.at - first.at);
}

export async function runRaw(chain: BenchChain, stretch: Stretch, databaseUrl: string | null): Promise<number> {
  if (databaseUrl !== null) await prepareRaw(databaseUrl);
  const child = fork(join(import.meta.dirname, 'raw-pipeline.ts'));
  const { rpcUrl, contract } = chain;
  child.send({ rpcUrl, contract, databaseUrl, from: stretch.from, to: stretch.to });
  const [told] = (await once(child, 'message')) as [{ seconds?: number; error?: string }];
  if (told.seconds === undefined) throw new Error(`the raw pipeline failed: ${told.error}`);
  return (stretch.to - stretch.from + 1) / told.seconds;
}

async function prepareRaw(databaseUrl: string): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  await client.query('drop table if exists raw_blocks, raw_events');
  await client.query('create table raw_blocks (height integer, hash text, previous_hash text, time bigint)');
  await client.query(
    'create table raw_events (height integer, position integer, tx_hash text, name text, payload jsonb)',
  );
  await client.end();
}

/** The most that a process has had in memory so far, as Linux says. */
function peakOf(pid: number | undefined): number {
  const [, kib] = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  if (kib === undefined) throw new Error(`Linux does not say how much memory process ${pid} has`);
  return Math.round(Number(kib) / 1024);
}

export async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  child.removeAllListeners('exit');
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  await ended;
}
