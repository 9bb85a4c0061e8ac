import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeWalletFile } from '../../chain/wallet-file.ts';
import type { Key } from '../../protocol/sign/key.ts';
import { urlOf } from '../api-world.ts';
import { type Service, startService } from './services.ts';
import { createWorld, type World } from './world.ts';

/** A provider's wallet service beside the indexer, the settler and the API, each a process of its own. */
export type ProviderWorld = World & {
  apiUrl: string;
  secret: string;
  /** Of the wallet service; it survives a kill. */
  store: string;
  folder: string;
  service(): Service;
  url(): string;
  /** Ends the wallet service where it is, and starts it anew on the same store. */
  restart(env?: NodeJS.ProcessEnv): Promise<void>;
  // biome-ignore lint/suspicious/noExplicitAny: what an answer holds is what a test looks at
  ask(path: string, body?: unknown, method?: string): Promise<{ status: number; body: any }>;
  stopAll(): Promise<void>;
};

export async function startProviderWorld(env: NodeJS.ProcessEnv = {}): Promise<ProviderWorld> {
  const world = await createWorld();
  const folder = mkdtempSync(join(tmpdir(), 'krypton-provider-'));
  const services = await Promise.all([
    startService('indexer', world.env),
    startService('settler', world.env),
    startService('api', { ...world.env, KRYPTON_API_PORT: '0' }),
  ]);
  const apiUrl = await urlOf(services[2]);
  const secret = randomBytes(24).toString('hex');
  const wallet = join(folder, 'wallet.json');
  await writeWalletFile(wallet, 'test', world.provider as Key, 'provider');
  writeFileSync(join(folder, 'password'), 'test');
  const store = join(folder, 'store.sqlite');
  const settings = (own: NodeJS.ProcessEnv): NodeJS.ProcessEnv => ({
    KRYPTON_RPC_URL: world.env.KRYPTON_RPC_URL,
    KRYPTON_NETWORK: String(world.network),
    KRYPTON_CONTRACT: world.contract,
    KRYPTON_API_URL: apiUrl,
    KRYPTON_WALLET: wallet,
    KRYPTON_WALLET_PASSWORD_FILE: join(folder, 'password'),
    KRYPTON_PROVIDER_STORE: store,
    KRYPTON_PROVIDER_PORT: '0',
    KRYPTON_PROVIDER_SECRET: secret,
    KRYPTON_PROVIDER_KAMAILIO_URL: 'http://127.0.0.1:9',
    ...env,
    ...own,
  });
  let service = await startService('provider/service', settings({}));
  let url = await urlOf(service);
  return {
    ...world,
    apiUrl,
    secret,
    store,
    folder,
    service: () => service,
    url: () => url,
    restart: async (own = {}) => {
      await service.kill();
      service = await startService('provider/service', settings(own));
      url = await urlOf(service);
    },
    ask: async (path, body, method = body === undefined ? 'GET' : 'POST') => {
      const headers = { authorization: `Bearer ${secret}`, 'content-type': 'application/json' };
      const init = { method, headers, ...(body !== undefined && { body: JSON.stringify(body) }) };
      const response = await fetch(url + path, init);
      const text = await response.text();
      const isJson = response.headers.get('content-type') === 'application/json';
      return { status: response.status, body: isJson ? JSON.parse(text) : text };
    },
    stopAll: async () => {
      await Promise.all([service, ...services].map((each) => each.kill()));
      await world.destroy();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
