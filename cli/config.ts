import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { loadConfig } from '../process/config.ts';
import { settings as shared } from '../process/settings.ts';
import { type Address, addressSchema } from '../protocol/types/address.ts';
import type { ScriptHash } from '../protocol/types/hash.ts';
import type { Endpoints } from '../stack/endpoints.ts';
import { type Folder, locateFolder } from '../stack/folder.ts';
import { Refusal } from './refusal.ts';

/** Options that every command takes; the texts are as the person gave them. */
export type GlobalOptions = {
  rpcUrl?: string;
  contract?: string;
  network?: string;
  api?: string;
  wallet?: string;
  passwordFile?: string;
  json?: boolean;
};

/** Where a command finds things: from the options, else the environment, else a running stack. */
export type Settings = {
  rpc: string[] | undefined;
  contract: ScriptHash | undefined;
  network: number | undefined;
  api: string | undefined;
  databaseUrl: string | undefined;
  wallet: string | undefined;
  password: string | undefined;
  passwordFile: string | undefined;
  /** Whom a devnet's providers name to settle for them. */
  operator: Address | undefined;
  /** Who gives away a devnet's play money, where that is not the stack on this machine. */
  purse: { path: string; passwordFile: string | undefined } | undefined;
  /** Of the stack that runs on this machine, where one does. */
  stack: Endpoints | undefined;
  folder: Folder;
  json: boolean;
};

const webUrl = z
  .string()
  .refine((text) => /^https?:$/.test(URL.parse(text)?.protocol ?? ''), 'expected an http or https URL')
  .refine(
    (text) => !URL.parse(text)?.username && !URL.parse(text)?.password,
    'expected a URL without user and password',
  )
  .transform((text) => text.replace(/\/+$/, ''));

const shape = {
  rpcUrl: shared.rpcUrl.optional(),
  contract: shared.contract.optional(),
  network: shared.network.optional(),
  apiUrl: webUrl.optional(),
  databaseUrl: shared.databaseUrl.optional(),
  wallet: z.string().optional(),
  walletPassword: z.string().optional(),
  walletPasswordFile: z.string().optional(),
  operator: addressSchema.optional(),
  purse: z.string().optional(),
  pursePasswordFile: z.string().optional(),
  home: z.string().default('.krypton'),
  logLevel: shared.logLevel,
};

/** @throws ConfigError naming the variable that is wrong */
export function loadSettings(options: GlobalOptions, env: NodeJS.ProcessEnv): Settings {
  const config = loadConfig(shape, {
    ...env,
    ...given({
      KRYPTON_RPC_URL: options.rpcUrl,
      KRYPTON_CONTRACT: options.contract,
      KRYPTON_NETWORK: options.network,
      KRYPTON_API_URL: options.api,
      KRYPTON_WALLET: options.wallet,
      KRYPTON_WALLET_PASSWORD_FILE: options.passwordFile,
    }),
  });
  const folder = locateFolder(config.home);
  const stack = readEndpoints(folder);
  return {
    rpc: config.rpcUrl ?? (stack && [stack.rpc]),
    contract: config.contract ?? (stack?.contract as ScriptHash | undefined),
    network: config.network ?? stack?.network,
    api: config.apiUrl ?? stack?.api,
    databaseUrl: config.databaseUrl ?? stack?.postgres,
    wallet: config.wallet,
    // A file that is named on the command line is meant, whatever the environment holds.
    password: options.passwordFile === undefined ? config.walletPassword : undefined,
    passwordFile: config.walletPasswordFile,
    operator: config.operator ?? (stack?.operator as Address | undefined),
    purse: config.purse === undefined ? undefined : { path: config.purse, passwordFile: config.pursePasswordFile },
    stack,
    folder,
    json: options.json ?? false,
  };
}

/** Public networks by their name; any other by its magic number. */
export function networkNumber(text: string): string {
  const known: Record<string, string> = { mainnet: '860833102', testnet: '894710606' };
  return known[text] ?? text;
}

const given = (variables: Record<string, string | undefined>) =>
  Object.fromEntries(Object.entries(variables).filter(([, value]) => value !== undefined));

const endpointsSchema = z.object({
  rpc: z.string(),
  ws: z.string(),
  api: z.string(),
  phone: z.string(),
  postgres: z.string(),
  redis: z.string(),
  network: z.number(),
  contract: shared.contract,
  operator: z.string(),
  processes: z.record(z.string(), z.number()),
});

/** The file is there while a stack is up. */
function readEndpoints(folder: Folder): Endpoints | undefined {
  let text: string;
  try {
    text = readFileSync(folder.endpoints, 'utf8');
  } catch {
    return undefined;
  }
  try {
    return endpointsSchema.parse(JSON.parse(text));
  } catch (error) {
    throw new Refusal(`${folder.endpoints} is no file of this version's npm start: stop the stack and start it anew`, {
      cause: error,
    });
  }
}
