import { join } from 'node:path';
import { walletOf } from './accounts.ts';
import type { Settings } from './config.ts';
import { type Folder, repository } from './folder.ts';
import type { PartPlan } from './part.ts';

/** A little more than a service gives itself (10 s, process/run.ts) before it gives up on stopping in order. */
const stopTimeoutMs = 12_000;

/**
 * On a devnet a person watches, and a transaction costs nothing: calls are settled after 2 s, however little they come
 * to. All clients have this machine's address, and some measure how fast it is.
 */
const devnetSettings = {
  KRYPTON_API_LIMIT_ADDRESS: '1000000',
  KRYPTON_API_LIMIT_KEY: '1000000',
  KRYPTON_SETTLE_MAX_AGE_MS: '2000',
  KRYPTON_SETTLE_MIN_FEES: '0',
  KRYPTON_SETTLE_PROVIDERS: 'any',
};

export const serviceNames = ['indexer', 'settler', 'api', 'phone'] as const;
export type ServiceName = (typeof serviceNames)[number];

/** What the services are told, each through its environment. */
export interface Surroundings {
  readonly postgres: string;
  readonly redis: string;
  readonly rpc: string;
  readonly network: number;
  readonly contract: string;
  readonly deployedAt: number;
  readonly apiHost: string;
  readonly apiPort: number;
  readonly phonePort: number;
}

const mainOf = (name: ServiceName) =>
  name === 'phone' ? join(repository, 'stack', 'phone.ts') : join(repository, name, 'main.ts');

export function planService(name: ServiceName, folder: Folder, env: NodeJS.ProcessEnv): PartPlan {
  return {
    name,
    command: process.execPath,
    args: [mainOf(name)],
    cwd: repository,
    env,
    logFile: join(folder.logs, `${name}.log`),
    // Without its supervisor nothing is left that an orderly stop could talk to; services bear SIGKILL at any moment.
    deathSignal: 'SIGKILL',
    stopSignal: 'SIGTERM',
    stopTimeoutMs,
    reportsReady: true,
    goesFirst: name === 'api',
  };
}

/** The person's own variables (a log level, say), then what the stack decides. */
export function serviceEnvironment(name: ServiceName, folder: Folder, around: Surroundings): NodeJS.ProcessEnv {
  const wallet = walletOf(folder, 'operator');
  const own: Record<ServiceName, NodeJS.ProcessEnv> = {
    indexer: { KRYPTON_DEPLOYED_AT: String(around.deployedAt) },
    settler: {
      KRYPTON_WALLET: wallet.path,
      KRYPTON_WALLET_PASSWORD_FILE: wallet.passwordFile,
    },
    api: { KRYPTON_API_HOST: around.apiHost, KRYPTON_API_PORT: String(around.apiPort) },
    phone: { KRYPTON_HOME: folder.root, KRYPTON_PHONE_PORT: String(around.phonePort) },
  };
  return {
    ...devnetSettings,
    ...process.env,
    KRYPTON_DATABASE_URL: around.postgres,
    KRYPTON_REDIS_URL: around.redis,
    KRYPTON_RPC_URL: around.rpc,
    KRYPTON_NETWORK: String(around.network),
    KRYPTON_CONTRACT: around.contract,
    ...own[name],
  };
}

export const apiAddress = (settings: Settings, remembered: number) => ({
  host: settings.apiHost,
  port: settings.apiPort ?? remembered,
});
