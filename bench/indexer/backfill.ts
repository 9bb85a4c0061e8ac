import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import pg from 'pg';
import { migrate } from '../../database/migrate.ts';
import { repository } from '../../stack/folder.ts';
import { peakMiB } from '../memory.ts';
import type { BenchChain, Stretch } from './chain.ts';
import { perBlock, type Spent, startMeter } from './spent.ts';

/** A database of a round's own: its URL, and how to end it. */
export type MakeDatabase = (name: string) => Promise<string>;

/** Blocks and events a second of one stretch. */
export type Speed = { blocksPerSecond: number; spent: Spent };
export type Backfill = { speeds: Speed[]; peakMiB: number };

/** The real indexer, as a process of its own, from the contract's deployment to the newest block. */
export async function backfill(chain: BenchChain, databaseUrl: string): Promise<Backfill> {
  await migrate(databaseUrl);
  const listener = new pg.Client({ connectionString: databaseUrl });
  await listener.connect();
  await listener.query('listen krypton_head');
  const meter = await startMeter(chain.nodePid, databaseUrl);
  const commits: Commit[] = [];
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
      const height = Number(payload);
      commits.push({ height, at: performance.now(), spent: meter.read(indexer.pid) });
      if (Number(payload) >= last) resolve();
    });
    indexer.once('exit', (status) => reject(new Error(`the indexer ended with status ${status}: ${output}`)));
  });
  await done;
  const peak = peakMiB(indexer.pid);
  if (peak === null) throw new Error('Linux does not say how much memory the indexer has');
  await end(indexer);
  await Promise.all([listener.end(), meter.stop()]);
  return { speeds: chain.stretches.map((stretch) => speedOf(commits, stretch)), peakMiB: peak };
}

type Commit = { height: number; at: number; spent: Spent };

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
function speedOf(commits: readonly Commit[], { from, to }: Stretch): Speed {
  const inside = commits.filter(({ height }) => height >= from && height <= to);
  const [first, last] = [inside.at(0), inside.at(-1)];
  if (!first || !last || last.at <= first.at) throw new Error('a stretch was committed at once: it is too short');
  const blocks = last.height - first.height;
  const blocksPerSecond = (1000 * blocks) / (last.at - first.at);
  return { blocksPerSecond, spent: perBlock(first.spent, last.spent, blocks) };
}

/** `isStored`: the answers are inserted too, not only parsed. */
export async function runRaw(
  chain: BenchChain,
  stretch: Stretch,
  databaseUrl: string,
  isStored: boolean,
): Promise<Speed> {
  await prepareRaw(databaseUrl);
  const meter = await startMeter(chain.nodePid, databaseUrl);
  const child = fork(join(import.meta.dirname, 'raw-pipeline.ts'));
  const { rpcUrl, contract } = chain;
  const before = meter.read(child.pid);
  child.send({ rpcUrl, contract, databaseUrl: isStored ? databaseUrl : null, from: stretch.from, to: stretch.to });
  const [told] = (await once(child, 'message')) as [{ seconds?: number; error?: string }];
  const after = meter.read(child.pid);
  child.disconnect();
  await meter.stop();
  if (told.seconds === undefined) throw new Error(`the raw pipeline failed: ${told.error}`);
  const blocks = stretch.to - stretch.from + 1;
  return { blocksPerSecond: blocks / told.seconds, spent: perBlock(before, after, blocks) };
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

export async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  child.removeAllListeners('exit');
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  await ended;
}
