import { z } from 'zod';
import { loadConfig } from '../process/config.ts';
import { settings as shared, wholeNumber } from '../process/settings.ts';
import { Trouble } from './trouble.ts';

/** What `npm start` itself listens to. All other KRYPTON_* variables go through to the services, which check them. */
const shape = {
  /** Data of this stack; relative to the repository. A second one beside the first takes another folder. */
  home: z.string().default('.krypton'),
  /** A block with transactions in it after this many milliseconds. Takes effect on a new chain only. */
  blockMs: wholeNumber('milliseconds between blocks', { min: 10, max: 30_000 }).default(1_000),
  /** Without transactions a block only so often: the chain then grows by 17,000 blocks a day instead of 86,000. */
  emptyBlockMs: wholeNumber('milliseconds between empty blocks', { min: 20, max: 60_000 }).default(5_000),
  /** Given, no Postgres is started and this one is used. */
  databaseUrl: shared.databaseUrl.optional(),
  /** Given, no Redis is started and this one is used. */
  redisUrl: shared.redisUrl.optional(),
  apiHost: z.string().default('127.0.0.1'),
  /** Left out: a free one, the same at each start. */
  apiPort: wholeNumber('a TCP port', { min: 1, max: 65_535 }).optional(),
  /** Where the softphone's page is, on this machine alone. Left out: a free one, the same at each start. */
  phonePort: wholeNumber('a TCP port', { min: 1, max: 65_535 }).optional(),
};

export type Settings = ReturnType<typeof loadConfig<typeof shape>>;

/** What the stack decides itself: the devnet is its own, and so are the contract on it and the operator's wallet. */
const decidedHere = [
  'KRYPTON_RPC_URL',
  'KRYPTON_NETWORK',
  'KRYPTON_CONTRACT',
  'KRYPTON_WALLET',
  'KRYPTON_WALLET_PASSWORD',
  'KRYPTON_WALLET_PASSWORD_FILE',
];

/** @throws ConfigError, Trouble */
export function parseSettings(env: NodeJS.ProcessEnv): Settings {
  const foreign = decidedHere.find((name) => env[name] !== undefined);
  if (foreign)
    throw new Trouble(
      `${foreign} is set, but npm start runs a devnet of its own: unset it, or start the services one by one`,
    );
  const settings = loadConfig(shape, env);
  if (settings.emptyBlockMs <= settings.blockMs) {
    throw new Trouble('KRYPTON_EMPTY_BLOCK_MS must be more than KRYPTON_BLOCK_MS');
  }
  return settings;
}
