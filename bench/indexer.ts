import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { postgresStarter } from '../stack/base.ts';
import { openFolder, tools } from '../stack/folder.ts';
import { keepRunning } from '../stack/keep.ts';
import { createDatabase, postgresUrl } from '../stack/postgres.ts';
import { rememberState } from '../stack/state.ts';
import { backfill, type MakeDatabase, runRaw, type Speed } from './indexer/backfill.ts';
import { type BenchChain, openChain } from './indexer/chain.ts';
import { type Figure, figureOf, inWords, medianOf } from './indexer/figure.ts';
import { measureLag } from './indexer/lag.ts';
import { readNaively } from './indexer/naive-loop.ts';
import { spentInWords } from './indexer/spent.ts';

/**
 * What the indexer achieves, beside what bounds it: the same answers fetched, parsed and inserted raw by two
 * connections, in the same run on the same node and Postgres.
 */
const ROUNDS = 3;
const NAIVE_BLOCKS = 400;

type Say = (line: string) => void;

const parts = {
  backfill: async (makeDatabase: MakeDatabase, say: Say): Promise<Figure[]> => {
    const chain = await openChain(say);
    try {
      return await measureBackfill(chain, makeDatabase, ROUNDS, say);
    } finally {
      await chain.stop();
    }
  },
  lag: measureLag,
};
type Part = keyof typeof parts;

export async function measureIndexer(say: Say, wanted: readonly Part[]): Promise<Figure[]> {
  return withPostgres(async (makeDatabase) => {
    const figures: Figure[] = [];
    for (const part of wanted) figures.push(...(await parts[part](makeDatabase, say)));
    return figures;
  });
}

async function withPostgres<T>(work: (makeDatabase: MakeDatabase) => Promise<T>): Promise<T> {
  const folder = openFolder(join(tools, `bench-${process.pid}`));
  const state = await rememberState(folder, () => {});
  const start = postgresStarter({ folder, state, terminal: { as: () => () => {} } }, { durable: true });
  const postgres = keepRunning({ name: 'postgres', start, say: () => {}, begun: () => {}, up: () => {} });
  try {
    await postgres.ready;
    return await work(async (name) => {
      await createDatabase(state, name);
      return postgresUrl(state, name);
    });
  } finally {
    await postgres.stop();
    rmSync(folder.root, { recursive: true, force: true });
  }
}

async function measureBackfill(
  chain: BenchChain,
  makeDatabase: MakeDatabase,
  rounds: number,
  say: Say,
): Promise<Figure[]> {
  const rawUrl = await makeDatabase('raw');
  const told = chain.stretches.map(() => [] as { ours: number; inserted: number; parsed: number }[]);
  const peaks: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const { speeds, peakMiB } = await backfill(chain, await makeDatabase(`round_${round}`));
    peaks.push(peakMiB);
    for (const [i, stretch] of chain.stretches.entries()) {
      const ours = speeds[i] as Speed;
      const inserted = await runRaw(chain, stretch, rawUrl, true);
      const parsed = await runRaw(chain, stretch, rawUrl, false);
      const all = [ours, inserted, parsed].map(({ blocksPerSecond }) => blocksPerSecond) as [number, number, number];
      told[i]?.push({ ours: all[0], inserted: all[1], parsed: all[2] });
      const words = all.map((speed) => Math.round(speed)).join(' / ');
      say(`round ${round + 1}, ${stretch.events} events a block: ${words} blocks/s (ours / raw / parsed)`);
      say(`  processor, ours: ${spentInWords(ours.spent)}; raw: ${spentInWords(inserted.spent)}`);
    }
  }
  const figures = chain.stretches.flatMap(({ events }, i) => {
    const of = (ceiling: 'inserted' | 'parsed') =>
      (told[i] ?? []).map((round) => ({ ours: round.ours, ceiling: round[ceiling] }));
    return [
      figureOf(`backfill, ${events} events a block, beside raw inserts`, 'blocks/s', of('inserted')),
      figureOf(`backfill, ${events} events a block, beside fetching and parsing alone`, 'blocks/s', of('parsed')),
    ];
  });
  return [
    ...figures,
    await measureNaive(chain, told[0] ?? []),
    figureOf(
      'peak memory, beside what is asked',
      'MiB',
      peaks.map((ours) => ({ ours, ceiling: 200 })),
    ),
  ];
}

async function measureNaive({ rpcUrl, contract, stretches }: BenchChain, ours: readonly { ours: number }[]) {
  const [stretch] = stretches;
  if (!stretch) throw new Error('the chain has no stretch to read');
  const naive = NAIVE_BLOCKS / (await readNaively(rpcUrl, contract, stretch.from, NAIVE_BLOCKS));
  const name = `backfill, ${stretch.events} events a block, beside the naive loop, which stores nothing`;
  return figureOf(name, 'blocks/s', [{ ours: medianOf(ours.map((round) => round.ours)), ceiling: naive }]);
}

if (import.meta.main) {
  const say = (line: string) => void process.stdout.write(`${line}\n`);
  const all = Object.keys(parts) as Part[];
  const named = all.filter((part) => process.argv.includes(part));
  for (const figure of await measureIndexer(say, named.length > 0 ? named : all)) say(inWords(figure));
}
