import { sql } from 'kysely';
import type { Tx } from '../database/connection.ts';
import type { Deps } from './deps.ts';
import { release } from './release.ts';

/** CDRs that are rated together. */
const CDRS_AT_A_TIME = 1_000;
/** A hasty look finds CDRs this young: intake commits within seconds, so only an index that stood still leaves older ones. */
const RECENT_MS = 3_600_000;

/** CDRs without a rating, whether or not a job was ever queued for them; behind `after`, the oldest first. */
export async function findUnrated(
  { db }: Pick<Deps, 'db'>,
  after: bigint,
  { everything }: { everything: boolean },
): Promise<bigint[]> {
  const rows = await db
    .selectFrom('cdrs')
    .select('id')
    .where(({ not, exists, selectFrom }) =>
      not(exists(selectFrom('ratings').select('cdrId').whereRef('cdrId', '=', 'cdrs.id'))),
    )
    .where('id', '>', after)
    .$if(!everything, (query) => query.where('receivedAt', '>', new Date(Date.now() - RECENT_MS)))
    .orderBy('id')
    .limit(CDRS_AT_A_TIME)
    .execute();
  return rows.map(({ id }) => id);
}

/**
 * A devnet's only validator can lose its last blocks when it is killed. A transaction that was in one of them is open
 * again: it is sent again, or expires. Looks through all transactions: not for a public network, which never has any.
 */
export async function reopenLost({ db, log }: Pick<Deps, 'db' | 'log'>): Promise<void> {
  const lost = await db
    .selectFrom('transactions')
    .innerJoin('cursor', (join) => join.onTrue())
    .select('transactions.hash')
    .where('state', '=', 'halted')
    .whereRef('transactions.height', '<=', 'cursor.height')
    .where(({ not, exists, selectFrom }) =>
      not(exists(selectFrom('events').select('events.txHash').whereRef('events.txHash', '=', 'transactions.hash'))),
    )
    .orderBy('sealedAt')
    .execute();
  for (const { hash } of lost) {
    await db.transaction().execute(async (tx) => {
      const { numUpdatedRows } = await tx
        .updateTable('transactions')
        .set({ state: 'sealed', height: null })
        .where('hash', '=', hash)
        .where('state', '=', 'halted')
        .executeTakeFirst();
      if (numUpdatedRows !== 1n) return; // another settler was faster
      const { rows } = await sql<{ id: bigint; escrowId: bigint }>`
        select id, escrow_id from claims where tx_hash = ${hash} and state = 'accepted'`.execute(tx);
      for (const claim of rows) await reopen(tx, claim);
    });
    log.warn({ txHash: hash }, 'the chain has lost a confirmed transaction: it is open again');
  }
}

/** One claim of an escrow can be under way: the calls of a later one are claimed anew behind it. */
async function reopen(tx: Tx, { id, escrowId }: { id: bigint; escrowId: bigint }): Promise<void> {
  const earlier = await tx
    .selectFrom('claims')
    .select('id')
    .where('escrowId', '=', escrowId)
    .where('state', '=', 'sealed')
    .executeTakeFirst();
  await tx
    .updateTable('claims')
    .set({ state: earlier ? 'void' : 'sealed' })
    .where('id', '=', id)
    .execute();
  if (earlier) await release(tx, id);
  else await tx.updateTable('ratings').set({ state: 'claimed' }).where('claimId', '=', id).execute();
}
