import type { Tx } from '../database/connection.ts';

/** The claim's calls are free to be claimed again. */
export async function release(tx: Tx, claimId: bigint): Promise<void> {
  await tx
    .updateTable('ratings')
    .set({ state: 'rated', claimId: null, amount: null, reasonCode: null, reason: null })
    .where('claimId', '=', claimId)
    .execute();
}
