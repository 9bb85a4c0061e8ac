import { z } from 'zod';
import { loadConfig } from '../process/config.ts';
import { Trouble } from './trouble.ts';

/** What `npm start` itself listens to. All other KRYPTON_* variables go through to the services, which check them. */
const settingsSchema = z.object({
  /** Data of this stack; relative to the repository. A second one beside the first takes another folder. */
  KRYPTON_STACK_FOLDER: z.string().min(1).default('.krypton'),
  /** A block with transactions in it after this many milliseconds. Takes effect on a new chain only. */
  KRYPTON_STACK_BLOCK_MS: z.coerce.number().int().min(10).max(30_000).default(1_000),
  /** Without transactions a block only so often: the chain then grows by 17,000 blocks a day instead of 86,000. */
  KRYPTON_STACK_EMPTY_BLOCK_MS: z.coerce.number().int().min(20).max(60_000).default(5_000),
  /** Given, no Postgres is started and this one is used. */
  KRYPTON_DATABASE_URL: z.url({ protocol: /^postgres(ql)?$/ }).optional(),
  /** Given, no Redis is started and this one is used. */
  KRYPTON_REDIS_URL: z.url({ protocol: /^rediss?$/ }).optional(),
  KRYPTON_API_HOST: z.string().min(1).default('127.0.0.1'),
  /** Left out: a free one, the same at each start. */
  KRYPTON_API_PORT: z.coerce.number().int().min(1).max(65_535).optional(),
});

export type Settings = z.infer<typeof settingsSchema>;

/** What the stack decides itself: the devnet is its own, and so are the contract on it and the operator's wallet. */
const decidedHere = [
  'KRYPTON_RPC_URL',
  'KRYPTON_NETWORK',
  'KRYPTON_CONTRACT',
  'KRYPTON_WALLET',
  'KRYPTON_WALLET_PASSWORD',
  'KRYPTON_WALLET_PASSWORD_FILE',
];

export function parseSettings(env: NodeJS.ProcessEnv): Settings {
  const foreign = decidedHere.find((name) => env[name] !== undefined);
  if (foreign)
    throw new Trouble(
      `${foreign} is set, but npm start runs a devnet of its own: unset it, or start the services one by one`,
    );
  const unknown = Object.keys(env).find((name) => name.startsWith('KRYPTON_STACK_') && !(name in settingsSchema.shape));
  if (unknown) throw new Trouble(`${unknown} is no setting; there are ${stackNames.join(', ')}`);
  loadConfig({}, withoutStackSettings(env)); // refuses a mistyped KRYPTON_* name before anything is started
  const parsed = settingsSchema.safeParse(env);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new Trouble(`${issue?.path.join('.')}: ${issue?.message}`);
  }
  if (parsed.data.KRYPTON_STACK_EMPTY_BLOCK_MS <= parsed.data.KRYPTON_STACK_BLOCK_MS) {
    throw new Trouble('KRYPTON_STACK_EMPTY_BLOCK_MS must be more than KRYPTON_STACK_BLOCK_MS');
  }
  return parsed.data;
}

const stackNames = Object.keys(settingsSchema.shape).filter((name) => name.startsWith('KRYPTON_STACK_'));

/** The environment without what only the stack knows: a service refuses a KRYPTON_* name that it does not know. */
export function withoutStackSettings(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('KRYPTON_STACK_')));
}
