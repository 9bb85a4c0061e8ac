import { insertRows } from '../../database/rows.ts';
import type { SignedTransaction } from '../../protocol/contract/transaction.ts';
import type { Deps } from '../deps.ts';
import { Overtaken, sealTransaction } from '../seal.ts';
import { findRefunds, type Refund } from './find.ts';

/**
 * Commits the refunds and the signed bytes, before the network sees them. Looks again under the lock that all who seal
 * take: answers false, and changes nothing, where one of them is not due any more. @throws OutOfBudget
 */
export function sealRefunds(deps: Deps, signed: SignedTransaction, refunds: readonly Refund[]): Promise<boolean> {
  const among = refunds.map(({ escrowId }) => escrowId);
  return sealTransaction(deps, 'refund', signed, async (tx) => {
    const due = await findRefunds(tx, deps, { limit: among.length, among });
    if (due.length !== among.length) throw new Overtaken();
    const rows = among.map((escrowId) => ({ escrowId, txHash: signed.hash, state: 'sealed' }));
    await insertRows(tx, 'refunds', rows);
  });
}
