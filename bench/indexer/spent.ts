import pg from 'pg';
import { type CpuClock, cpuClockOf, cpuClockOfSiblings } from '../cpu.ts';

/** Milliseconds of processor time: what bounds a pipeline whose parts share the machine's cores. */
export type Spent = { node: number; reader: number; postgres: number };

export type Meter = {
  /** Of the node, the process that reads it, and Postgres, so far. */
  read(reader: number | undefined): Spent;
  stop(): Promise<void>;
};

export async function startMeter(nodePid: number, databaseUrl: string): Promise<Meter> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid');
  const [node, postgres] = [cpuClockOf(nodePid), cpuClockOfSiblings(rows[0]?.pid ?? 0)];
  const ms = (clock: CpuClock) => 1000 * (clock() ?? 0);
  return {
    read: (reader = 0) => ({ node: ms(node), reader: ms(cpuClockOf(reader)), postgres: ms(postgres) }),
    stop: () => client.end(),
  };
}

export const perBlock = (from: Spent, to: Spent, blocks: number): Spent => ({
  node: (to.node - from.node) / blocks,
  reader: (to.reader - from.reader) / blocks,
  postgres: (to.postgres - from.postgres) / blocks,
});

export const spentInWords = (spent: Spent): string =>
  `node ${spent.node.toFixed(2)}, reader ${spent.reader.toFixed(2)}, Postgres ${spent.postgres.toFixed(2)} ms a block`;
