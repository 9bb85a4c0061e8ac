import type { TxHash } from '../protocol/types/hash.ts';
import { height as asHeight, type Height } from '../protocol/types/height.ts';
import { isUnknown } from './errors.ts';
import { type Execution, toExecution, type WireExecution } from './invoke.ts';
import type { Rpc } from './rpc.ts';

export type Outcome =
  | { kind: 'executed'; height: Height; execution: Execution }
  /** The chain is past `validUntilBlock` without it: it can never take place. */
  | { kind: 'expired' }
  | { kind: 'pending'; height: Height };

/**
 * What became of a transaction. Two facts decide, no timer: its application log, or a chain past its `validUntilBlock` without it.
 * The height is read before the log, and from the same node, so a block that arrives in between can't be missed.
 */
export async function readOutcome(rpc: Rpc, hash: TxHash, validUntilBlock: Height): Promise<Outcome> {
  const [count, log, position] = await rpc.batch([
    { method: 'getblockcount', params: [] },
    { method: 'getapplicationlog', params: [hash] },
    { method: 'gettransactionheight', params: [hash] },
  ]);
  if (!count || 'error' in count) throw count?.error ?? new Error('no answer to getblockcount');
  const newest = asHeight(Number(count.result) - 1);
  if (log && 'result' in log && position && 'result' in position) {
    const [execution] = (log.result as { executions: WireExecution[] }).executions;
    if (!execution) throw new Error(`the application log of ${hash} holds no execution`);
    return { kind: 'executed', height: asHeight(Number(position.result)), execution: toExecution(execution) };
  }
  for (const answer of [log, position]) {
    if (answer && 'error' in answer && !isUnknown(answer.error)) throw answer.error;
  }
  if (newest <= validUntilBlock + LOG_DELAY_BLOCKS) return { kind: 'pending', height: newest };
  if (position && 'result' in position)
    throw new Error(`the node has ${hash} in block ${position.result}, but no application log of it: ask another node`);
  return { kind: 'expired' };
}

/** The C# node stores an application log a moment after the block that it belongs to. */
const LOG_DELAY_BLOCKS = 1;
