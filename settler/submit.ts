import { RpcError } from '../chain/errors.ts';
import { broadcast } from '../chain/transaction.ts';
import type { SignedTransaction } from '../protocol/contract/transaction.ts';
import type { Deps } from './deps.ts';

/**
 * Hands a sealed transaction to the network. A refusal is no outcome: the chain alone decides, within
 * `validUntilBlock`.
 */
export async function submit(
  { rpc, log }: Pick<Deps, 'rpc' | 'log'>,
  { hash, bytes }: Pick<SignedTransaction, 'hash' | 'bytes'>,
): Promise<void> {
  try {
    await broadcast(rpc, bytes);
  } catch (error) {
    if (!(error instanceof RpcError)) throw error;
    log.error({ txHash: hash, code: error.code }, `the node refuses a sealed transaction: ${error.message}`);
  }
}
