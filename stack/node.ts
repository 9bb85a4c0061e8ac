import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { createWalletFile, openWalletFile } from '../chain/wallet-file.ts';
import { type Folder, writePrivately } from './folder.ts';
import { type NodePace, type NodeWallet, nodeConfig } from './node-config.ts';
import type { PartPlan } from './part.ts';
import { newPassword, type State } from './state.ts';

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
  const account = existsSync(wallet.path)
    ? await openWalletFile(wallet.path, wallet.password)
    : await createWalletFile(wallet.path, wallet.password, 'validator');
  const config = join(folder.node, 'neogo.yml');
  writePrivately(
    config,
    nodeConfig({ state, wallet, publicKey: account.publicKey, pace, chain: join(folder.node, 'chain') }),
  );
  return {
    name: 'node',
    command: neoGo,
    args: ['node', '--config-file', config, '--relative-path', folder.node],
    cwd: folder.node,
    logFile: join(folder.logs, 'node.log'),
    // Not SIGKILL: the blocks of the last second would be lost, and the one validator would then build others in their place.
    deathSignal: 'SIGTERM',
    stopSignal: 'SIGTERM',
    stopTimeoutMs,
  };
}

/** The validator's simple account: consensus looks for that one. Its 1-of-1 multisig holds the devnet's genesis funds. */
export function nodeWallet(folder: Folder): NodeWallet {
  const passwordFile = join(folder.node, 'wallet.password');
  if (!existsSync(passwordFile)) writePrivately(passwordFile, newPassword());
  return { path: join(folder.node, 'wallet.json'), password: readFileSync(passwordFile, 'utf8') };
}

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
