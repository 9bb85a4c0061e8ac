import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { type Folder, writePrivately } from './folder.ts';
import { type NodePace, nodeConfig } from './node-config.ts';
import type { PartPlan } from './part.ts';
import type { State } from './state.ts';
import { provideWallet, readPassword, type StackWallet } from './wallets.ts';

/** An orderly stop writes the chain to disk; it takes well under a second, so this only bounds a hung node. */
const stopTimeoutMs = 10_000;
const askTimeoutMs = 2_000;

export const nodeUrls = (state: State) => ({
  rpc: `http://127.0.0.1:${state.ports.rpc}`,
  ws: `ws://127.0.0.1:${state.ports.rpc}/ws`,
});

export async function planNode(folder: Folder, state: State, neoGo: string, pace: NodePace): Promise<PartPlan> {
  mkdirSync(folder.node, { recursive: true, mode: 0o700 });
  const wallet = nodeWallet(folder);
  const { publicKey } = await provideWallet(wallet, 'validator');
  const unlock = { path: wallet.path, password: readPassword(wallet) };
  const listen = { rpc: `127.0.0.1:${state.ports.rpc}`, peers: `127.0.0.1:${state.ports.peers}` };
  const { network } = state;
  writePrivately(
    folder.nodeConfig,
    nodeConfig({ network, listen, wallet: unlock, publicKey, pace, chain: folder.chain }),
  );
  return {
    name: 'node',
    command: neoGo,
    args: ['node', '--config-file', folder.nodeConfig, '--relative-path', folder.node],
    cwd: folder.node,
    logFile: join(folder.logs, 'node.log'),
    // Not SIGKILL: the blocks of the last second would be lost, and the one validator would then build others in their
    // place.
    deathSignal: 'SIGTERM',
    stopSignal: 'SIGTERM',
    stopTimeoutMs,
    remedy: 'npm run reset begins a new chain: nothing else holds a copy of this one',
  };
}

/**
 * The validator's simple account: consensus looks for that one. Its 1-of-1 multisig holds the devnet's genesis funds.
 */
export const nodeWallet = (folder: Folder): StackWallet => ({
  path: join(folder.node, 'wallet.json'),
  passwordFile: join(folder.node, 'wallet.password'),
});

const versionSchema = z.object({ result: z.object({ protocol: z.object({ network: z.number() }) }) });

/** True when *our* node answers on that port. */
export async function nodeAnswers(state: State): Promise<boolean> {
  const response = await fetch(nodeUrls(state).rpc, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'getversion', params: [] }),
    signal: AbortSignal.timeout(askTimeoutMs),
  });
  return versionSchema.parse(await response.json()).result.protocol.network === state.network;
}
