import { fork, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseEnv } from 'node:util';
import { bytesToHex } from '@noble/hashes/utils.js';
import { deployContract } from '../chain/deploy.ts';
import { gasTransfer, transferGas } from '../chain/gas.ts';
import { createRpc } from '../chain/rpc.ts';
import { send } from '../chain/send.ts';
import { writeWalletFile } from '../chain/wallet-file.ts';
import { providePrograms } from '../cli/phone/parts.ts';
import { contractCall } from '../protocol/contract/call.ts';
import { createKey, type Key } from '../protocol/sign/key.ts';
import { signRegistration } from '../protocol/sign/registration.ts';
import { datoshi, datoshiPerGas } from '../protocol/types/datoshi.ts';
import { defaultLimits, type Limits, limitsJson } from '../provider/kamailio/limits-file.ts';
import { kamailioCommand } from '../provider/kamailio/programs.ts';
import { defaultPorts, type Ports } from '../provider/kamailio/settings.ts';
import { writeKit } from '../provider/kamailio/write.ts';
import { openTreasury } from '../stack/accounts.ts';
import { nodeStarter } from '../stack/base.ts';
import { openFolder, repository, tools } from '../stack/folder.ts';
import { keepRunning } from '../stack/keep.ts';
import { nodeUrls } from '../stack/node.ts';
import { pickPort } from '../stack/ports.ts';
import { rememberState } from '../stack/state.ts';
import { profiling } from './profile.ts';
import type { Engine } from './settle/engine.ts';

/** A provider, users with open escrows, and a kit with nothing that limits them. */

type Chain = Pick<Engine, 'rpc' | 'rpcUrl' | 'network' | 'contract' | 'treasury' | 'destroy'>;

export type BenchKit = {
  ports: Ports & { gateway: number; caller: number };
  users: { key: Key; escrow: bigint }[];
  startService(): Promise<Server>;
  startConstant(): Promise<Server>;
  startKamailio(): Promise<Server>;
  ask(path: string, body: unknown): Promise<unknown>;
  /** Secrets of sessions, one for each user. */
  sessions(): Promise<string[]>;
  stop(): Promise<void>;
};
export type Server = { pid: number; stop(): Promise<void> };

const USERS = 100;
const domain = 'krypton.test';

/** A node alone. */
async function startChain(): Promise<Chain> {
  const folder = openFolder(join(tools, `bench-phone-chain-${process.pid}`));
  const state = await rememberState(folder, () => {});
  const pace = { blockMs: 100, emptyBlockMs: 1_000, inMemory: true };
  const start = nodeStarter({ folder, state, terminal: { as: () => () => {} } }, pace);
  const node = keepRunning({ name: 'node', start, say: () => {}, begun: () => {}, up: () => {} });
  await node.ready;
  const { network } = state;
  const rpcUrl = nodeUrls(state).rpc;
  const [rpc, treasury] = [createRpc([rpcUrl]), await openTreasury(folder)];
  const { contract } = await deployContract({ rpc, network, signer: treasury });
  const destroy = async () => {
    await node.stop();
    rmSync(folder.root, { recursive: true, force: true });
  };
  return { rpc, rpcUrl, network, contract, treasury, destroy };
}

/** Without an engine there is a node, and nobody at the API's address. */
export async function createBenchKit(engine?: Engine): Promise<BenchKit> {
  await providePrograms(console.log);
  const chain = engine ?? (await startChain());
  const { rpc, network, contract, treasury } = chain;
  const [provider, ...keys] = Array.from({ length: USERS + 1 }, () => createKey()) as [Key, ...Key[]];
  const payments = [provider, ...keys].map(({ address }) => ({ to: address, amount: datoshi(200n * datoshiPerGas) }));
  await transferGas({ rpc, network, signer: treasury }, payments);
  const own = provider.address;
  const deployed = contractCall(contract, 'deploy', { provider: own, location: domain });
  const claims = engine ? [contractCall(contract, 'setOperator', { provider: own, operator: engine.operator })] : [];
  await send({ rpc, network, signer: provider }, [deployed, ...claims]);
  const amount = datoshi(100n * datoshiPerGas);
  const users = await Promise.all(
    keys.map(async (key) => {
      const user = key.address;
      const { events } = await send({ rpc, network, contract, signer: key }, [
        contractCall(contract, 'register', { user, provider: own, uuid: randomUUID() }),
        gasTransfer(user, contract, amount),
        contractCall(contract, 'openEscrow', {
          ...{ user, provider: own, amount, voucherKey: null, maxParallel: 100n, increment: 1n },
          ...{ ratePerSecond: datoshi(1_000n), feePerCall: datoshi(0n) },
          ...{ durationMs: 86_400_000n, claimWindowMs: 86_400_000n },
        }),
      ]);
      const opened = events.find((event) => event.name === 'EscrowOpened');
      if (!opened) throw new Error('no escrow was opened');
      return { key, escrow: opened.id };
    }),
  );
  const ports = await pickPorts();
  const root = join(tools, `bench-phone-${process.pid}`);
  const kit = join(root, 'kit');
  mkdirSync(kit, { recursive: true });
  for (const each of [root, kit]) chmodSync(each, 0o755); // Kamailio is another user
  const wallet = join(kit, 'wallet.json');
  await writeWalletFile(wallet, 'bench', provider, 'provider');
  writeFileSync(join(kit, 'password'), 'bench');
  const gateway = `sip:127.0.0.1:${ports.gateway}`;
  writeKit(kit, {
    ...{
      domain,
      address: '127.0.0.1',
      publicAddress: null,
      tls: null,
      turn: [],
      rtpengine: false,
      ports,
      network,
      contract,
    },
    gateways: [{ uri: gateway, source: `127.0.0.1:${ports.gateway}` }],
    ...{ rpcUrl: [chain.rpcUrl], apiUrl: engine?.apiUrl ?? 'http://127.0.0.1:1' },
    ...{ wallet, walletPasswordFile: join(kit, 'password') },
  });
  writeFileSync(join(kit, 'limits.json'), limitsJson(withoutLimits()));
  const listen = join(kit, 'kamailio', 'listen.cfg'); // all comes from one address here, which would be a flood
  writeFileSync(listen, readFileSync(listen, 'utf8').replace(/("reqs_density_per_unit", )\d+/, '$1 1000000'));
  const told = parseEnv(readFileSync(join(kit, 'service.env'), 'utf8')) as NodeJS.ProcessEnv;
  const ask = async (path: string, body: unknown) => {
    const headers = { authorization: `Bearer ${told.KRYPTON_PROVIDER_SECRET}`, 'content-type': 'application/json' };
    const response = await fetch(`http://127.0.0.1:${ports.service}${path}`, {
      ...{ method: 'POST', headers, body: JSON.stringify(body) },
    });
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return response.json();
  };

  async function startServer(file: string, env: NodeJS.ProcessEnv): Promise<Server> {
    const child = fork(join(repository, file), {
      env: { ...process.env, ...env },
      execArgv: profiling,
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    await once(child, 'message');
    return {
      pid: child.pid ?? 0,
      stop: async () => {
        child.kill('SIGTERM'); // so that a profile is written
        await once(child, 'exit');
      },
    };
  }

  /** A group of its own, so that one signal reaches all of its processes. */
  async function startKamailio(): Promise<Server> {
    const { program, args } = kamailioCommand(kit);
    const child = spawn(program, args, { detached: true, stdio: 'ignore' });
    for (let tries = 100; !(await listens(ports.ws)); tries -= 1) {
      if (child.exitCode !== null || tries === 0) throw new Error('Kamailio does not start');
      await sleep(100);
    }
    await sleep(1_000); // the processes for UDP may come last
    return {
      pid: child.pid ?? 0,
      stop: async () => {
        process.kill(-(child.pid ?? 0), 'SIGKILL');
        await once(child, 'exit');
      },
    };
  }

  return {
    startKamailio,
    ports,
    users,
    ask,
    startService: () => startServer('provider/service/main.ts', { ...told, KRYPTON_LOG_LEVEL: 'error' }),
    startConstant: () => startServer('bench/constant-service.ts', { PORT: String(ports.service), GATEWAY: gateway }),
    sessions: () =>
      Promise.all(
        users.map(async ({ key }) => {
          const asked = { user: key.address, connection: `bench:${key.address}`, device: null };
          const { headers } = (await ask('/register', { ...asked, headers: {} })) as {
            headers: Record<string, string>;
          };
          const nonce = headers['X-Krypton-Nonce'] ?? '';
          const { signature } = await signRegistration(key, { network, contract, provider: own, nonce });
          const shown = { key: key.publicKey, signature: bytesToHex(signature) };
          const answer = (await ask('/register', { ...asked, headers: shown })) as typeof asked & {
            headers: Record<string, string>;
          };
          return answer.headers['X-Krypton-Session'] ?? '';
        }),
      ),
    stop: async () => {
      await chain.destroy();
      rmSync(root, { recursive: true, force: true });
    },
  };
}

function listens(port: number): Promise<boolean> {
  return new Promise((done) => {
    const socket = connect(port, '127.0.0.1', () => done(true));
    socket.on('error', () => done(false)).on('connect', () => socket.destroy());
  });
}

function withoutLimits(): Limits {
  const off = Object.entries(defaultLimits).flatMap(([name, value]) =>
    typeof value === 'object' && 'warn' in value && name !== 'longestCall'
      ? [[name, { warn: null, refuse: null }]]
      : [],
  );
  return { ...defaultLimits, ...Object.fromEntries(off) };
}

async function pickPorts(): Promise<BenchKit['ports']> {
  const taken = new Set<number>();
  const next = async () => {
    const port = await pickPort(taken);
    taken.add(port);
    return port;
  };
  const [sip, ws, kamailio, service] = [await next(), await next(), await next(), await next()];
  return { ...defaultPorts, tls: [], sip, ws, kamailio, service, gateway: await next(), caller: await next() };
}
