import { contractCall } from '../../protocol/contract/call.ts';
import { type SignedTransaction, scriptOf } from '../../protocol/contract/transaction.ts';
import type { Datoshi } from '../../protocol/types/datoshi.ts';
import { signCrediting } from '../batch.ts';
import type { Deps } from '../deps.ts';
import type { Refund } from './find.ts';

/** The refunds of one transaction, signed. @throws ScriptFault, FeeLimitExceeded, GasLimitReached */
export function signRefunds(deps: Deps, refunds: readonly Refund[], feeLimit: Datoshi): Promise<SignedTransaction> {
  const credited = new Set(refunds.map(({ user }) => user));
  return signCrediting(deps, refundScript(deps, refunds), credited.size, feeLimit);
}

/** `refund` calls of the one contract. One that is refused faults all. */
export function refundScript(
  { contract }: Pick<Deps, 'contract'>,
  refunds: readonly Pick<Refund, 'escrowId'>[],
): Uint8Array {
  return scriptOf(refunds.map(({ escrowId }) => contractCall(contract, 'refund', { id: escrowId })));
}
