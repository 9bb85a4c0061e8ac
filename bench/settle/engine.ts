import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { sql } from 'kysely';
import { transferGas } from '../../chain/gas.ts';
import { createRpc, type Rpc } from '../../chain/rpc.ts';
import { createDatabase, type Database } from '../../database/connection.ts';
import type { Signer } from '../../protocol/sign/signer.ts';
import type { Address } from '../../protocol/types/address.ts';
import { datoshi, datoshiPerGas } from '../../protocol/types/datoshi.ts';
import type { ScriptHash } from '../../protocol/types/hash.ts';
import { openTreasury } from '../../stack/accounts.ts';
import { bringUp, nodeStarter, postgresStarter, redisStarter } from '../../stack/base.ts';
import { openTerminal, readService } from '../../stack/console.ts';
import { openFolder, tools } from '../../stack/folder.ts';
import { type Kept, keepRunning, type Starter } from '../../stack/keep.ts';
import { nodeUrls } from '../../stack/node.ts';
import { postgresUrl } from '../../stack/postgres.ts';
import { redisUrl } from '../../stack/redis.ts';
import { planService, type ServiceName, serviceEnvironment } from '../../stack/services.ts';
import { setUp } from '../../stack/set-up.ts';
import { rememberState } from '../../stack/state.ts';
import { cpuClockOf, cpuClockOfSiblings } from '../cpu.ts';
import { residentMiB } from '../memory.ts';
import { profiling } from '../profile.ts';

const services = ['indexer', 'settler', 'api'] as const;

/** All that `npm start` runs but for the page, and nobody there yet. */
export type Engine = {
  rpc: Rpc;
  rpcUrl: string;
  network: number;
  contract: ScriptHash;
  /** Holds the chain's GAS. */
  treasury: Signer;
  operator: Address;
  /** As superuser. */
  db: Database;
  apiUrl: string;
  startServices(): Promise<void>;
  /** In order; each may begin again. */
  stopServices(): Promise<void>;
  /** In memory, now; null where it does not run. */
  residentMiB(name: (typeof services)[number]): number | null;
  /** Seconds of processor time so far, by process. */
  cpuSeconds(): Record<string, number>;
  destroy(): Promise<void>;
};

/** What the operator pays fees of. */
const OPERATOR_GAS = datoshi(1_000_000n * datoshiPerGas);
const quiet = () => {};

export async function createEngine({ blockMs }: { blockMs: number }): Promise<Engine> {
  const folder = openFolder(join(tools, `bench-${process.pid}`));
  const terminal = openTerminal(process.stderr);
  const state = await rememberState(folder, quiet);
  const base = { folder, state, terminal: { as: () => quiet } };
  const keep = (name: string, start: Starter): Kept =>
    keepRunning({ name, start, say: terminal.as(name), begun: quiet, up: quiet });
  const parts = [
    keep('node', nodeStarter(base, { blockMs, emptyBlockMs: Math.max(1_000, 2 * blockMs), inMemory: false })),
    keep('postgres', postgresStarter(base, { durable: true })),
    keep('redis', redisStarter(base, { databases: 1 })),
  ];
  const running = new Map<ServiceName, Kept>();
  const destroyParts = async () => {
    await Promise.all([...running.values()].map((service) => service.stop()));
    await Promise.all(parts.map((part) => part.stop()));
    rmSync(folder.root, { recursive: true, force: true });
  };
  try {
    await Promise.all(parts.map((part) => part.ready));
    const postgres = postgresUrl(state);
    const ground = await setUp(folder, state, postgres, quiet);
    const urls = { postgres, redis: redisUrl(state), rpc: nodeUrls(state).rpc };
    const { network, ports } = state;
    const around = { ...urls, network, ...ground, apiHost: '127.0.0.1', apiPort: ports.api, phonePort: ports.phone };
    const rpc = createRpc([urls.rpc]);
    const treasury = await openTreasury(folder);
    const operator = ground.operator as Address;
    await transferGas({ rpc, network, signer: treasury }, [{ to: operator, amount: OPERATOR_GAS }]);
    const db = createDatabase(postgres);
    const { rows } = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(db);
    const clockOfPostgres = cpuClockOfSiblings(rows[0]?.pid ?? 0);

    async function startServices(): Promise<void> {
      for (const name of services) {
        const plan = planService(name, folder, { ...serviceEnvironment(name, folder, around), ...settings });
        const profiled = { ...plan, args: [...profiling, ...plan.args] };
        const start: Starter = (begun) => bringUp(profiled, readWarnings, terminal, undefined, begun);
        running.set(name, keep(name, start));
      }
      await Promise.all([...running.values()].map((service) => service.ready));
    }

    return {
      rpc,
      rpcUrl: urls.rpc,
      network,
      contract: ground.contract as ScriptHash,
      treasury,
      operator,
      db,
      apiUrl: `http://127.0.0.1:${ports.api}`,
      startServices,
      stopServices: async () => {
        await Promise.all([...running.values()].map((service) => service.stop()));
        running.clear();
      },
      residentMiB: (name) => residentMiB(running.get(name)?.pid()),
      cpuSeconds: () => ({
        node: cpuClockOf(parts[0]?.pid() ?? 0)() ?? 0,
        postgres: clockOfPostgres() ?? 0,
        ...Object.fromEntries([...running].map(([name, service]) => [name, cpuClockOf(service.pid() ?? 0)() ?? 0])),
      }),
      destroy: async () => {
        await db.destroy();
        await destroyParts();
      },
    };
  } catch (error) {
    await destroyParts();
    throw error;
  }
}

/** Every call is claimed at once, and fees are no matter: what is asked is what the engine can do. */
const settings: NodeJS.ProcessEnv = {
  KRYPTON_SETTLE_MAX_AGE_MS: process.env.KRYPTON_SETTLE_MAX_AGE_MS ?? '0',
  KRYPTON_FEE_PER_HOUR_LIMIT: '99000000000000',
};

const readWarnings: typeof readService = (line) => {
  const readable = readService(line);
  return readable?.level === 'info' ? undefined : readable;
};
