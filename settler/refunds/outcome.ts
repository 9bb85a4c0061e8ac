import type { Execution } from '../../chain/invoke.ts';
import type { Tx } from '../../database/connection.ts';
import { decodeEvent } from '../../protocol/contract/event.ts';
import type { TxHash } from '../../protocol/types/hash.ts';
import type { Deps } from '../deps.ts';

/** The transaction took place, and each escrow's own notification says so. Answers how many were refunded. */
export async function endRefunds(
  tx: Tx,
  { contract }: Pick<Deps, 'contract'>,
  hash: TxHash,
  { notifications }: Execution,
): Promise<number> {
  const closed = new Set<bigint>();
  for (const { contract: emitter, name, state } of notifications) {
    if (emitter !== contract || name !== 'EscrowClosed') continue;
    const event = decodeEvent(name, state);
    if (event.name === 'EscrowClosed') closed.add(event.id);
  }
  const refunded = await tx
    .updateTable('refunds')
    .set({ state: 'done' })
    .where('txHash', '=', hash)
    .where('state', '=', 'sealed')
    .returning('escrowId')
    .execute();
  for (const { escrowId } of refunded)
    if (!closed.has(escrowId)) throw new Error(`transaction ${hash} halted without closing escrow ${escrowId}`);
  return refunded.length;
}

/** The transaction faulted, or can never take place: whatever is still due is found anew. Answers how many it held. */
export async function voidRefunds(tx: Tx, hash: TxHash): Promise<number> {
  const { numUpdatedRows } = await tx
    .updateTable('refunds')
    .set({ state: 'void' })
    .where('txHash', '=', hash)
    .where('state', '=', 'sealed')
    .executeTakeFirst();
  return Number(numUpdatedRows);
}

/** A roll-back has lost the transaction: it is under way again. */
export async function reopenRefunds(tx: Tx, hash: TxHash): Promise<void> {
  await tx
    .updateTable('refunds')
    .set({ state: 'sealed' })
    .where('txHash', '=', hash)
    .where('state', '=', 'done')
    .execute();
}
