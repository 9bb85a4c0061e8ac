import type { StackItem } from '../protocol/contract/stack-item.ts';
import type { BlockHash, ScriptHash, TxHash } from '../protocol/types/hash.ts';
import { height as asHeight, type Height } from '../protocol/types/height.ts';
import { isUnknown, NodeUnavailable, type RpcError, rpcCode } from './errors.ts';
import { type Call, MAX_BATCH, type Rpc } from './rpc.ts';

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

/** Reads `count` blocks from `from` on; all that is said of one block comes from one node in one batch. */
export type ReadBlocks = (from: Height, count: number) => Promise<Block[]>;

type Header = { index: number; hash: BlockHash; previousblockhash: BlockHash; time: number };
type FullBlock = Header & { tx: { hash: TxHash }[] };
type Emitted = { container: TxHash; contract: ScriptHash; eventname: string; state: { value: StackItem[] } };
type Execution = { trigger: string; vmstate: string; notifications: Emitted[] };

/**
 * Filtered notifications where the node has them (neo-go since 0.108), whole blocks and application logs where it has not.
 * A block or log that the node does not know yet is `NodeUnavailable`, never an empty answer.
 */
export function createBlockReader(rpc: Rpc, contract: ScriptHash): ReadBlocks {
  let filtered = true;
  return async (from, count) => {
    if (filtered) {
      const blocks = await readFiltered(rpc, contract, from, count);
      if (blocks !== 'unsupported') return blocks;
      filtered = false;
    }
    return readLogs(rpc, contract, from, count);
  };
}

export async function readFiltered(
  rpc: Rpc,
  contract: ScriptHash,
  from: Height,
  count: number,
): Promise<Block[] | 'unsupported'> {
  const heights = Array.from({ length: Math.min(count, MAX_BATCH / 2) }, (_, i) => from + i);
  const answers = await rpc.batch(
    heights.flatMap((index): Call[] => [
      { method: 'getblockheader', params: [index, 1] },
      { method: 'getblocknotifications', params: [index, { contract }] },
    ]),
  );
  const blocks: Block[] = [];
  for (let i = 0; i < heights.length; i += 1) {
    const [header, notifications] = [answers[2 * i], answers[2 * i + 1]];
    if (notifications && 'error' in notifications && notifications.error.code === rpcCode.methodNotFound)
      return 'unsupported';
    const emitted = known<{ application?: Emitted[] }>(notifications).application ?? [];
    blocks.push(toBlock(known<Header>(header), emitted));
  }
  return blocks;
}

/** For nodes without `getblocknotifications`: 1 + T requests for a block of T transactions. */
export async function readLogs(rpc: Rpc, contract: ScriptHash, from: Height, count: number): Promise<Block[]> {
  const heights = Array.from({ length: Math.min(count, MAX_BLOCKS_WITH_LOGS) }, (_, i) => from + i);
  const blocks = (await rpc.batch(heights.map((index) => ({ method: 'getblock', params: [index, 1] })))).map(
    known<FullBlock>,
  );
  const hashes = blocks.flatMap((block) => block.tx.map((transaction) => transaction.hash));
  const emittedOf = new Map<TxHash, Emitted[]>();
  for (let i = 0; i < hashes.length; i += MAX_BATCH) {
    const chunk = hashes.slice(i, i + MAX_BATCH);
    const logs = await rpc.batch(chunk.map((hash) => ({ method: 'getapplicationlog', params: [hash, 'Application'] })));
    chunk.forEach((hash, j) => {
      emittedOf.set(hash, emittedByHalted(known<{ executions: Execution[] }>(logs[j]).executions, hash, contract));
    });
  }
  return blocks.map((block) =>
    toBlock(
      block,
      block.tx.flatMap((transaction) => emittedOf.get(transaction.hash) ?? []),
    ),
  );
}

/** Answers with whole blocks are large: 20 full ones are some megabytes. */
const MAX_BLOCKS_WITH_LOGS = 20;

/** A node may keep the notifications of a FAULTed transaction too: they never took place. */
function emittedByHalted(executions: Execution[], container: TxHash, contract: ScriptHash): Emitted[] {
  return executions
    .filter((execution) => execution.trigger === 'Application' && execution.vmstate === 'HALT')
    .flatMap((execution) => execution.notifications)
    .filter((emitted) => emitted.contract === contract)
    .map((emitted) => ({ ...emitted, container }));
}

function toBlock(header: Header, emitted: Emitted[]): Block {
  const seen = new Map<TxHash, number>();
  const notifications = emitted.map(({ container, eventname, state }) => {
    const ordinal = seen.get(container) ?? 0;
    seen.set(container, ordinal + 1);
    return { txHash: container, ordinal, name: eventname, state: state.value };
  });
  return {
    height: asHeight(header.index),
    hash: header.hash,
    previousHash: header.previousblockhash,
    time: header.time,
    notifications,
  };
}

function known<T>(answer: { result: unknown } | { error: RpcError } | undefined): T {
  if (answer && 'result' in answer) return answer.result as T;
  if (answer && isUnknown(answer.error))
    throw new NodeUnavailable('the node does not have that block yet', { cause: answer.error });
  throw answer?.error ?? new NodeUnavailable('the node gave no answer');
}

/** Index of the newest block. */
export async function readHeight(rpc: Rpc): Promise<Height> {
  return asHeight((await rpc.call<number>('getblockcount')) - 1);
}

/** Hash of the block at a height, or null where the node's chain is not that long. */
export async function readBlockHash(rpc: Rpc, index: Height): Promise<BlockHash | null> {
  try {
    return await rpc.call<BlockHash>('getblockhash', [index]);
  } catch (error) {
    if (isUnknown(error)) return null;
    throw error;
  }
}
