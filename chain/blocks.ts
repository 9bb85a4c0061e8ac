import type { StackItem } from '../protocol/contract/stack-item.ts';
import type { BlockHash, ScriptHash, TxHash } from '../protocol/types/hash.ts';
import { height as asHeight, type Height } from '../protocol/types/height.ts';
import { type AnswerOf, type EmittedBy, type Header, stateOf } from './answers.ts';
import { isUnknown, NodeRefuses, NodeUnavailable, type RpcError, rpcCode } from './errors.ts';
import { type Answer, type Ask, type Call, MAX_BATCH, type Node } from './node.ts';

/** A notification of the one contract that is followed, from a transaction that ended in HALT. */
export type Notification = {
  txHash: TxHash;
  /** Index among this contract's notifications of that transaction. */
  ordinal: number;
  name: string;
  state: StackItem[];
};

export type Block = {
  height: Height;
  hash: BlockHash;
  previousHash: BlockHash;
  /** Timestamp in milliseconds. */
  time: number;
  /** In the order of execution. */
  notifications: Notification[];
};

/** Reads `count` blocks from `from` on; all that is said of one block comes from this one node. */
export type ReadBlocks = (node: Node, from: Height, count: number) => Promise<Block[]>;

/**
 * Filtered notifications where the node has them (neo-go since 0.108), whole blocks and application logs where it has
 * not. A block or log that the node does not know yet is `NodeUnavailable`, never an empty answer.
 */
export function createBlockReader(contract: ScriptHash): ReadBlocks {
  const withoutFilter = new WeakSet<Node>();
  return async (node, from, count) => {
    if (!withoutFilter.has(node)) {
      const blocks = await readFiltered(node, contract, from, count);
      if (blocks !== 'unsupported') return blocks;
      withoutFilter.add(node);
    }
    return readLogs(node, contract, from, count);
  };
}

export async function readFiltered(
  node: Ask,
  contract: ScriptHash,
  from: Height,
  count: number,
): Promise<Block[] | 'unsupported'> {
  const heights = heightsFrom(from, Math.min(count, MAX_BATCH / 2));
  const answers = await node.batch(
    heights.flatMap((index): Call<'getblockheader' | 'getblocknotifications'>[] => [
      { method: 'getblockheader', params: [index, 0] },
      { method: 'getblocknotifications', params: [index, { contract }] },
    ]),
  );
  const blocks: Block[] = [];
  for (let i = 0; i < heights.length; i += 1) {
    const header = answers[2 * i] as Answer<'getblockheader'>;
    const notifications = answers[2 * i + 1] as Answer<'getblocknotifications'>;
    if ('error' in notifications && notifications.error.code === rpcCode.methodNotFound) return 'unsupported';
    const emitted = known(notifications).application ?? [];
    blocks.push(toBlock(heights[i] as Height, known(header), emitted, contract));
  }
  return blocks;
}

/** For nodes without `getblocknotifications`: 1 + T requests for a block of T transactions. */
export async function readLogs(node: Ask, contract: ScriptHash, from: Height, count: number): Promise<Block[]> {
  const heights = heightsFrom(from, Math.min(count, MAX_BLOCKS_WITH_LOGS));
  const calls = heights.map((index): Call<'getblock'> => ({ method: 'getblock', params: [index, 1] }));
  const blocks = (await node.batch(calls)).map((answer) => known(answer));
  const hashes = blocks.flatMap((block) => block.tx.map((transaction) => transaction.hash));
  const emittedOf = new Map<TxHash, EmittedBy[]>();
  for (let i = 0; i < hashes.length; i += MAX_BATCH) {
    const chunk = hashes.slice(i, i + MAX_BATCH);
    const logs = await node.batch(
      chunk.map((hash): Call<'getapplicationlog'> => ({ method: 'getapplicationlog', params: [hash, 'Application'] })),
    );
    chunk.forEach((hash, j) => {
      emittedOf.set(hash, emittedByHalted(known(logs[j]).executions, hash));
    });
  }
  return blocks.map((block, i) => {
    const emitted = block.tx.flatMap((transaction) => emittedOf.get(transaction.hash) ?? []);
    return toBlock(heights[i] as Height, block, emitted, contract);
  });
}

/** Answers with whole blocks are large: 20 full ones are some megabytes. */
const MAX_BLOCKS_WITH_LOGS = 20;

const heightsFrom = (from: Height, count: number): Height[] =>
  Array.from({ length: count }, (_, i) => asHeight(from + i));

/** A node may keep the notifications of a FAULTed transaction too: they never took place. */
function emittedByHalted(executions: AnswerOf<'getapplicationlog'>['executions'], container: TxHash): EmittedBy[] {
  return executions
    .filter((execution) => execution.trigger === 'Application' && execution.vmstate === 'HALT')
    .flatMap((execution) => execution.notifications)
    .map(({ contract, eventname, state }) => ({ contract, eventname, state, container }));
}

/** @throws NodeRefuses where the node has given another block, or what the contract can't have emitted */
function toBlock(height: Height, header: Header, all: readonly EmittedBy[], contract: ScriptHash): Block {
  if (header.index !== height) throw new NodeRefuses(`the node gives block ${header.index} in place of ${height}`);
  const seen = new Map<TxHash, number>();
  const own = all.filter((emitted) => emitted.contract.toLowerCase() === contract);
  const notifications = own.map((emitted) => {
    const state = stateOf(emitted);
    if (!state) throw new NodeRefuses(`the node gives a ${emitted.eventname} without fields in block ${height}`);
    const txHash = emitted.container;
    const ordinal = seen.get(txHash) ?? 0;
    seen.set(txHash, ordinal + 1);
    return { txHash, ordinal, name: emitted.eventname, state };
  });
  return { height, hash: header.hash, previousHash: header.previousblockhash, time: header.time, notifications };
}

function known<T>(answer: { result: T } | { error: RpcError } | undefined): T {
  if (answer && 'result' in answer) return answer.result;
  if (answer && isUnknown(answer.error))
    throw new NodeUnavailable('the node does not have that block yet', { cause: answer.error });
  throw answer?.error ?? new NodeUnavailable('the node gave no answer');
}

/** Index of the newest block. */
export async function readHeight(rpc: Pick<Ask, 'call'>): Promise<Height> {
  return asHeight((await rpc.call('getblockcount')) - 1);
}

/** Hash of the block at a height, or null where the node's chain is not that long. */
export async function readBlockHash(rpc: Pick<Ask, 'call'>, index: Height): Promise<BlockHash | null> {
  try {
    return await rpc.call('getblockhash', [index]);
  } catch (error) {
    if (isUnknown(error)) return null;
    throw error;
  }
}
