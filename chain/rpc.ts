import type { ScriptHash } from '../protocol/types/hash.ts';
import type { AnswerOf, Method } from './answers.ts';
import { isDeployed } from './contract.ts';
import { NodeUnavailable, WrongContract, WrongNetwork } from './errors.ts';
import { refuseCutOff } from './gas-limit.ts';
import { type Ask, createNode, type Node } from './node.ts';
import { createPool, type Pool, type PoolEvent } from './pool.ts';
import { endpointOf } from './transport.ts';

/** JSON-RPC to a NEO N3 node, or to the first of several that answers. */
export type Rpc = Ask &
  Pick<Pool, 'use' | 'everyone'> & {
    /** Turns to the next node: the present one answers, but lags or stands still. */
    leave(): void;
    /**
     * Turns to another node where that one is ahead of the present one: it lags, or stands still. Once in a while only.
     */
    lookAround(): Promise<void>;
    /** Where the node that is used tells of new blocks. */
    socket(): { url: string; headers: Record<string, string> };
  };

export type RpcOptions = {
  timeoutMs?: number;
  /** Each node is asked whether it is of that network before it is asked anything else. */
  network?: number;
  /** The same of the contract: a node without it is left out. */
  contract?: ScriptHash;
  /** Told when a node is left, or left out. */
  report?: (event: PoolEvent) => void;
};

/** A verbose block of 512 transactions takes a busy node seconds; a dead one should not hold us longer. */
const REQUEST_LIMIT_MS = 15_000;
/** A look at all nodes waits for the slowest one: a height is told at once, or is of no use. */
const LOOK_LIMIT_MS = 2_000;
/** How often nodes are compared: within two blocks of a public network. */
const LOOK_EVERY_MS = 5_000;
/** Blocks that a node may be behind another: a block takes some time to reach all. */
const MAX_LAG = 2;

export function createRpc(urls: readonly string[], options: RpcOptions = {}): Rpc {
  const { timeoutMs = REQUEST_LIMIT_MS, network, contract, report = () => {} } = options;
  const pairs = urls.map((url) => {
    const endpoint = endpointOf(url);
    const quick = createNode(endpoint, Math.min(timeoutMs, LOOK_LIMIT_MS));
    return { node: guarded(createNode(endpoint, timeoutMs)), quick };
  });
  const verify = async (node: Node) => {
    if (network !== undefined) await checkNetwork(node, network);
    if (contract !== undefined) await checkContract(node, contract);
  };
  const { use, everyone, leave, current } = createPool(pairs, { verify, report });
  let looked = Number.NEGATIVE_INFINITY;

  async function lookAround(): Promise<void> {
    if (urls.length < 2 || performance.now() - looked < LOOK_EVERY_MS) return;
    looked = performance.now();
    const heights = await everyone((node) => node.call('getblockcount'));
    const present = heights.find(({ node }) => node === current());
    if (!present) return; // where it is silent, the next call finds out
    const best = heights.reduce((one, other) => (other.value > one.value ? other : one), present);
    if (best.value - present.value <= MAX_LAG) return;
    const error = new NodeUnavailable(`it is ${best.value - present.value} blocks behind ${best.node.name}`);
    report({ kind: 'left', node: present.node.name, error });
    leave(present.node, best.node);
  }

  return {
    use,
    everyone,
    lookAround,
    call: (method, params) => use((node) => node.call(method, params)),
    batch: (calls) => use((node) => node.batch(calls)),
    leave: () => leave(current()),
    socket: () => ({ url: current().wsUrl, headers: current().headers }),
  };
}

/** A dry run that the node's own limit cut off is that node's failure, wherever it was asked for. */
function guarded(node: Node): Node {
  return {
    ...node,
    call: async <M extends Method>(method: M, params?: readonly unknown[]): Promise<AnswerOf<M>> => {
      const answer = await node.call(method, params);
      if (method === 'invokescript') await refuseCutOff(node, answer as AnswerOf<'invokescript'>);
      return answer;
    },
  };
}

/** @throws WrongNetwork where the node's magic number is another one */
async function checkNetwork(node: Node, network: number): Promise<void> {
  const { protocol } = await node.call('getversion');
  if (protocol.network === network) return;
  const of = `of network ${protocol.network}, the configured network is ${network}`;
  throw new WrongNetwork(`the node at ${node.name} is ${of}`);
}

/** @throws WrongContract where it does not stand there */
async function checkContract(node: Node, contract: ScriptHash): Promise<void> {
  if (await isDeployed(node, contract)) return;
  throw new WrongContract(`the node at ${node.name} has no contract ${contract}`);
}

export type NodeVersion = {
  network: number;
  msPerBlock: number;
  maxValidUntilBlockIncrement: number;
  userAgent: string;
  /** Validators that sign blocks; 1 on a devnet. */
  validators: number;
};

export async function readVersion(rpc: Pick<Ask, 'call'>): Promise<NodeVersion> {
  const { useragent, protocol } = await rpc.call('getversion');
  return {
    network: protocol.network,
    msPerBlock: protocol.msperblock,
    maxValidUntilBlockIncrement: protocol.maxvaliduntilblockincrement,
    userAgent: useragent,
    validators: protocol.validatorscount,
  };
}
