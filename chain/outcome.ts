import type { TxHash } from '../protocol/types/hash.ts';
import { height as asHeight, type Height } from '../protocol/types/height.ts';
import { isUnknown, NodeRefuses } from './errors.ts';
import { type Execution, toExecution } from './invoke.ts';
import type { Ask } from './node.ts';
import type { Rpc } from './rpc.ts';

export type Outcome =
  | { kind: 'executed'; height: Height; execution: Execution }
  /** The chain is past `validUntilBlock` without it: it can never take place. */
  | { kind: 'expired' }
  | { kind: 'pending'; height: Height };

/**
 * What became of a transaction. Two facts decide, no timer: its application log, or a chain past its `validUntilBlock`
 * without it. The height is read before the log, and from the same node, so a block that arrives in between can't be
 * missed.
 */
export function readOutcome(rpc: Pick<Rpc, 'use'>, hash: TxHash, validUntilBlock: Height): Promise<Outcome> {
  return rpc.use((node) => readOutcomeAt(node, hash, validUntilBlock));
}

async function readOutcomeAt(node: Pick<Ask, 'batch'>, hash: TxHash, validUntilBlock: Height): Promise<Outcome> {
  const [count, log, position] = await node.batch([
    { method: 'getblockcount', params: [] },
    { method: 'getapplicationlog', params: [hash] },
    { method: 'gettransactionheight', params: [hash] },
  ]);
  if ('error' in count) throw count.error;
  const newest = asHeight(count.result - 1);
  if ('result' in log && 'result' in position) {
    const [execution] = log.result.executions;
    if (!execution) throw new NodeRefuses(`the application log of ${hash} holds no execution`);
    return { kind: 'executed', height: asHeight(position.result), execution: toExecution(execution) };
  }
  for (const answer of [log, position]) if ('error' in answer && !isUnknown(answer.error)) throw answer.error;
  if (newest <= validUntilBlock + LOG_DELAY_BLOCKS) return { kind: 'pending', height: newest };
  if ('result' in position)
    throw new NodeRefuses(`the node has ${hash} in block ${position.result}, but no application log of it`);
  if ('result' in log) throw new NodeRefuses(`the node has an application log of ${hash}, but not its block`);
  return { kind: 'expired' };
}

/** A transaction that took place, and the block that it is in. */
export type Executed = { height: Height; time: Date; execution: Execution };

/**
 * What a transaction did, by one node; null where that node does not know it. One question at a time: nodes that take no
 * batches will do.
 */
export function readExecuted(rpc: Pick<Rpc, 'use'>, hash: TxHash): Promise<Executed | null> {
  return rpc.use(async (node) => {
    const height = await node.call('gettransactionheight', [hash]).catch(nullIfUnknown);
    if (height === null) return null;
    const { time } = await node.call('getblockheader', [height, 1]);
    const log = await node.call('getapplicationlog', [hash]).catch(nullIfUnknown);
    const [execution] = log?.executions ?? [];
    if (!execution) throw new NodeRefuses(`the node has ${hash} in block ${height}, but no application log of it`);
    return { height: asHeight(height), time: new Date(time), execution: toExecution(execution) };
  });
}

function nullIfUnknown(error: unknown): null {
  if (isUnknown(error)) return null;
  throw error;
}

/** The C# node stores an application log a moment after the block that it belongs to. */
const LOG_DELAY_BLOCKS = 1;
