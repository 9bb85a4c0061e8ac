import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { deployContract } from '../../chain/deploy.ts';
import { gasTransfer, transferGas } from '../../chain/gas.ts';
import { createRpc, type Rpc } from '../../chain/rpc.ts';
import { send } from '../../chain/send.ts';
import { broadcast } from '../../chain/transaction.ts';
import { contractCall } from '../../protocol/contract/call.ts';
import { type ContractCall, createNonce, scriptOf, signTransaction } from '../../protocol/contract/transaction.ts';
import { createKey, type Key } from '../../protocol/sign/key.ts';
import { datoshi, datoshiPerGas } from '../../protocol/types/datoshi.ts';
import type { ScriptHash } from '../../protocol/types/hash.ts';
import { height } from '../../protocol/types/height.ts';
import { openTreasury } from '../../stack/accounts.ts';
import { openFolder, tools, writePrivately } from '../../stack/folder.ts';
import { provideNeoGo } from '../../stack/neo-go.ts';
import { nodeUrls, planNode } from '../../stack/node.ts';
import { type Part, startPart } from '../../stack/part.ts';
import { rememberState } from '../../stack/state.ts';

/** Blocks of one kind, one after the other. */
export type Stretch = { events: number; from: number; to: number };
export type BenchChain = {
  rpcUrl: string;
  nodePid: number;
  network: number;
  contract: ScriptHash;
  deployedAt: number;
  stretches: Stretch[];
  stop(): Promise<void>;
};
type Kept = Omit<BenchChain, 'rpcUrl' | 'nodePid' | 'stop'>;

/** How many blocks of how many notifications: a minute's work to make, and some seconds to read. */
const WANTED: readonly { events: number; blocks: number }[] = [
  { events: 42, blocks: 4_000 },
  { events: 80, blocks: 2_500 },
];
/** So many transactions at a time wait for their blocks, each about escrows of its own: their order is no matter. */
const GROUPS = 16;
const BLOCK_MS = 2;
const quiet = () => {};

/**
 * A chain of settlements, one transaction a block: made once, kept on disk, and then shown by a node that adds nothing
 * to it.
 */
export async function openChain(say: (line: string) => void): Promise<BenchChain> {
  const folder = openFolder(join(tools, 'bench-chain'));
  const note = join(folder.root, 'chain.json');
  if (!existsSync(note)) {
    rmSync(folder.root, { recursive: true, force: true }); // one that was not finished
    await makeChain(note, say);
  }
  const kept = JSON.parse(readFileSync(note, 'utf8')) as Kept;
  const { node, url } = await startNode({ consensus: false });
  return { ...kept, rpcUrl: url, nodePid: node.pid, stop: () => node.stop() };
}

async function startNode({ consensus }: { consensus: boolean }) {
  const folder = openFolder(join(tools, 'bench-chain'));
  const state = await rememberState(folder, quiet);
  const pace = { blockMs: BLOCK_MS, emptyBlockMs: 1_000, inMemory: false };
  const plan = await planNode(folder, state, await provideNeoGo(quiet), pace);
  const config = JSON.parse(readFileSync(folder.nodeConfig, 'utf8'));
  config.ProtocolConfiguration.MaxTransactionsPerBlock = 1;
  config.ApplicationConfiguration.Consensus.Enabled = consensus;
  writePrivately(folder.nodeConfig, JSON.stringify(config));
  const node = startPart(plan, quiet);
  const { rpc: url } = nodeUrls(state);
  await answering(url, node);
  return { node, url, folder, network: state.network };
}

async function answering(url: string, node: Part): Promise<void> {
  const rpc = createRpc([url]);
  for (;;) {
    if (node.hasEnded()) throw new Error(`the node has ended: ${node.lastLines().join('\n')}`);
    const answers = await rpc.call('getblockcount').catch(() => 0);
    if (answers > 0) return;
    await sleep(50);
  }
}

async function makeChain(note: string, say: (line: string) => void): Promise<void> {
  const { node, url, folder, network } = await startNode({ consensus: true });
  const rpc = createRpc([url]);
  const [owner, provider, user] = [createKey(), createKey(), createKey()];
  const gas = (amount: bigint) => datoshi(amount * datoshiPerGas);
  const treasury = { rpc, network, signer: await openTreasury(folder) };
  await transferGas(treasury, [
    { to: owner.address, amount: gas(1_000n) },
    { to: provider.address, amount: gas(500_000n) },
    { to: user.address, amount: gas(500_000n) },
  ]);
  const { contract, height: deployedAt } = await deployContract({ rpc, network, signer: owner });
  const as = (signer: Key, ...calls: ContractCall[]) => send({ rpc, network, signer, contract }, calls);
  await as(provider, contractCall(contract, 'deploy', { provider: provider.address, location: 'sip.example.org' }));
  const uuid = '9b2f1c7e-4d3a-4f6b-8a51-0c2d3e4f5a6b';
  await as(user, contractCall(contract, 'register', { user: user.address, provider: provider.address, uuid }));
  const payment = gasTransfer(user.address, contract, gas(100_000n));
  await send({ rpc, network, signer: user }, [payment], { mustReturnTrue: true });
  let nextId = 1n;
  const stretches: Stretch[] = [];
  for (const { events, blocks } of WANTED) {
    const groups: bigint[][] = [];
    for (let g = 0; g < GROUPS; g += 1) {
      const ids = Array.from({ length: events }, (_, i) => nextId + BigInt(i));
      nextId += BigInt(events);
      await openEscrows(as, { contract, provider, user }, events);
      groups.push(ids);
    }
    const from = await rpc.call('getblockcount');
    await settleInTurn({ rpc, network, contract, provider }, groups, blocks);
    stretches.push({ events, from, to: (await rpc.call('getblockcount')) - 1 });
    say(`a chain with ${blocks} blocks of ${events} notifications is made`);
  }
  await node.stop();
  const kept: Kept = { network, contract, deployedAt: deployedAt ?? 0, stretches };
  writePrivately(note, JSON.stringify(kept));
}

type People = { contract: ScriptHash; provider: Key; user: Key };

/** So many calls fit into one transaction's limit of GAS and of bytes. */
const OPENED_AT_A_TIME = 20;

async function openEscrows(
  as: (signer: Key, ...calls: ContractCall[]) => Promise<unknown>,
  { contract, provider, user }: People,
  count: number,
): Promise<void> {
  const call = contractCall(contract, 'openEscrow', {
    user: user.address,
    provider: provider.address,
    amount: datoshi(datoshiPerGas),
    ratePerSecond: datoshi(1_000n),
    feePerCall: datoshi(1_000n),
    increment: 6n,
    maxParallel: 100n,
    durationMs: 86_400_000n,
    claimWindowMs: 3_600_000n,
    voucherKey: null,
  });
  for (let left = count; left > 0; left -= OPENED_AT_A_TIME)
    await as(user, ...Array.from({ length: Math.min(left, OPENED_AT_A_TIME) }, () => call));
}

type Payer = { rpc: Rpc; network: number; contract: ScriptHash; provider: Key };

/** A claim of each escrow of a group is one transaction, and so one block. */
async function settleInTurn(payer: Payer, groups: readonly bigint[][], blocks: number): Promise<void> {
  const { rpc } = payer;
  for (let wave = 0; wave * GROUPS < blocks; wave += 1) {
    const before = await rpc.call('getblockcount');
    const validUntil = before + 1_000;
    for (const ids of groups) await broadcast(rpc, await signSettlement(payer, ids, BigInt(wave), validUntil));
    while ((await rpc.call('getblockcount')) < before + GROUPS) await sleep(2);
  }
}

async function signSettlement(
  { network, contract, provider }: Payer,
  ids: readonly bigint[],
  seq: bigint,
  validUntil: number,
): Promise<Uint8Array> {
  const claims = ids.map((escrowId) => ({
    escrowId,
    seq,
    amount: datoshi(1_000n),
    seconds: 1n,
    calls: 1n,
    cdrRoot: crypto.getRandomValues(new Uint8Array(32)),
    voucher: null,
    close: false,
  }));
  const { bytes } = await signTransaction(
    {
      script: scriptOf([contractCall(contract, 'settle', { claims })]),
      validUntilBlock: height(validUntil),
      systemFee: datoshi(20n * datoshiPerGas),
      networkFee: datoshi(datoshiPerGas / 2n),
      nonce: createNonce(),
    },
    provider,
    network,
  );
  return bytes;
}
