import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { bytesToHex } from '@noble/hashes/utils.js';
import { writeWalletFile } from '../../chain/wallet-file.ts';
import type { Phone } from '../../cli/phone/phone.ts';
import { headerOf } from '../../cli/phone/sip-message.ts';
import type { Key } from '../../protocol/sign/key.ts';
import { signRegistration } from '../../protocol/sign/registration.ts';
import { defaultLimits, type Limits, limitsJson } from '../../provider/kamailio/limits-file.ts';
import type { KitSettings, Ports } from '../../provider/kamailio/settings.ts';
import { writeKit } from '../../provider/kamailio/write.ts';
import { holdMediaPorts, pickPort } from '../../stack/ports.ts';
import { urlOf } from '../api-world.ts';
import { type Service, startService } from './services.ts';
import { createWorld, type World } from './world.ts';

/** A provider's kit, with its wallet service beside the indexer, the settler and the API, each a process of its own. */
export type ProviderWorld = World & {
  apiUrl: string;
  /** What `krypton provider init` writes. */
  kit: string;
  ports: Ports;
  gateway: number;
  service(): Service;
  url: string;
  /** Ends the wallet service where it is, and starts it anew on the same store. */
  restart(env?: NodeJS.ProcessEnv): Promise<void>;
  // biome-ignore lint/suspicious/noExplicitAny: what an answer holds is what a test looks at
  ask(path: string, body?: unknown, method?: string): Promise<{ status: number; body: any }>;
  /** Another provider on the same chain and machine: its kit, and its wallet service. */
  addProvider(key: Key, env?: NodeJS.ProcessEnv): Promise<{ kit: string; ports: Ports }>;
  stopAll(): Promise<void>;
};

/** A contract, four services and a wallet file of scrypt: seconds on idle cores, a minute on busy ones. */
export const startLimitMs = 180_000;

export async function startProviderWorld(
  env: NodeJS.ProcessEnv = {},
  given: Partial<KitSettings> = {},
  /** Gateways, given the one that the test is. */
  gatewaysOf: (live: string) => string[] = (live) => [live],
  /** Where they differ from the defaults. */
  limits: Partial<Limits> = {},
): Promise<ProviderWorld> {
  const world = await createWorld();
  const folder = mkdtempSync(join(tmpdir(), 'krypton-provider-'));
  chmodSync(folder, 0o755); // Kamailio is another user
  const services = await Promise.all([
    startService('indexer', world.env),
    startService('settler', world.env),
    startService('api', { ...world.env, KRYPTON_API_PORT: '0' }),
  ]);
  const apiUrl = await urlOf(services[2]);
  const wallet = join(folder, 'wallet.json');
  await writeWalletFile(wallet, 'test', world.provider as Key, 'provider');
  writeFileSync(join(folder, 'password'), 'test');
  const kit = join(folder, 'kit');
  const [ports, gateway] = [await pickPorts(), await pickPort(new Set())];
  const settings: KitSettings = {
    domain: 'krypton.test',
    address: '127.0.0.1',
    publicAddress: null,
    gateways: gatewaysOf(`sip:127.0.0.1:${gateway}`).map((uri) => ({ uri, source: uri.replace('sip:', '') })),
    tls: null,
    rtpengine: false,
    turn: [],
    ports,
    network: world.network,
    contract: world.contract,
    rpcUrl: [String(world.env.KRYPTON_RPC_URL)],
    apiUrl,
    wallet,
    walletPasswordFile: join(folder, 'password'),
    ...given,
  };
  writeKit(kit, settings);
  writeFileSync(join(kit, 'limits.json'), limitsJson({ ...defaultLimits, ...limits }));
  const written = parseEnv(readFileSync(join(kit, 'service.env'), 'utf8')) as NodeJS.ProcessEnv;
  const start = (own: NodeJS.ProcessEnv) => startService('provider/service', { ...written, ...env, ...own });
  const others: Service[] = [];
  const addProvider: ProviderWorld['addProvider'] = async (key, own = {}) => {
    const at = join(folder, `kit-${others.length}`);
    const otherWallet = join(folder, `wallet-${others.length}.json`);
    await writeWalletFile(otherWallet, 'test', key, 'provider');
    const otherPorts = await pickPorts();
    writeKit(at, { ...settings, gateways: [], ports: otherPorts, wallet: otherWallet });
    const told = parseEnv(readFileSync(join(at, 'service.env'), 'utf8')) as NodeJS.ProcessEnv;
    others.push(await startService('provider/service', { ...told, ...own }));
    return { kit: at, ports: otherPorts };
  };
  let service = await start({});
  const url = `http://127.0.0.1:${ports.service}`;
  const authorization = `Bearer ${written.KRYPTON_PROVIDER_SECRET}`;
  return {
    ...world,
    apiUrl,
    kit,
    ports,
    gateway,
    service: () => service,
    url,
    restart: async (own = {}) => {
      await service.kill();
      service = await start(own);
    },
    ask: async (path, body, method = body === undefined ? 'GET' : 'POST') => {
      const headers = { authorization, 'content-type': 'application/json' };
      const init = { method, headers, ...(body !== undefined && { body: JSON.stringify(body) }) };
      const response = await fetch(url + path, init);
      const text = await response.text();
      const isJson = response.headers.get('content-type') === 'application/json';
      return { status: response.status, body: isJson ? JSON.parse(text) : text };
    },
    addProvider,
    stopAll: async () => {
      await Promise.all([service, ...others, ...services].map((each) => each.kill()));
      await world.destroy();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Where nothing listens yet. */
export async function pickPorts(): Promise<Ports> {
  const taken = new Set<number>();
  const next = async () => {
    const port = await pickPort(taken);
    taken.add(port);
    return port;
  };
  const [sip, ws, tls, kamailio] = [await next(), await next(), await next(), await next()];
  const [service, rtpengine] = [await next(), await next()];
  return { sip, ws, tls: [tls], kamailio, service, rtpengine, ...(await holdMediaPorts()) };
}

/** A phone of a user who is registered on chain with the world's provider; answers the secret of its session. */
export async function registerBySignature(world: ProviderWorld, phone: Phone, key: Key): Promise<string> {
  const nonce = headerOf(await phone.register(), 'X-Krypton-Nonce') ?? '';
  const { network, contract, provider } = world;
  const { signature } = await signRegistration(key, { network, contract, provider: provider.address, nonce });
  const shown = { 'X-Krypton-Key': key.publicKey, 'X-Krypton-Signature': bytesToHex(signature) };
  const answer = await phone.register(shown);
  if (answer.status !== 200) throw new Error(`the phone is not registered: ${answer.first}`);
  return headerOf(answer, 'X-Krypton-Session') ?? '';
}
