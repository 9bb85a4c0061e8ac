import { sql } from 'kysely';
import type { Tx } from '../database/connection.ts';
import type { Deps } from './deps.ts';
import { lockChecks } from './park.ts';
import { release } from './release.ts';

/** CDRs that are rated together. */
const CDRS_AT_A_TIME = 1_000;

/**
 * CDRs without a rating, whether or not a job was ever queued for them; behind `after`, the oldest first. One that waits
 * for its rate deck is looked at when that has come, and now and then besides.
 */
export async function findUnrated({ db }: Pick<Deps, 'db'>, after: bigint): Promise<bigint[]> {
  const rows = await db
    .selectFrom('unratedCdrs')
    .select('cdrId')
    .where('cdrId', '>', after)
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('deckWaits')
            .select('deckWaits.cdrId')
            .whereRef('deckWaits.cdrId', '=', 'unratedCdrs.cdrId')
            .where('retryAt', '>', sql<Date>`now()`),
        ),
      ),
    )
    .orderBy('cdrId')
    .limit(CDRS_AT_A_TIME)
    .execute();
  return rows.map(({ cdrId }) => cdrId);
}

/**
 * A devnet's only validator can lose its last blocks when it is killed; the indexer then goes back, and says to which
 * height. A transaction that was above it and is not there any more is open again: it is sent again, or expires. What
 * was checked of claims is checked anew. Until then nothing is claimed (`candidates.ts`).
 */
export async function takeBack(deps: Pick<Deps, 'db' | 'log'>): Promise<void> {
  const { db } = deps;
  const { rows } = await sql<{ newest: bigint; above: number; reached: number }>`
    select max(rollbacks.id) as newest, min(rollbacks.height) as above, cursor.height as reached
    from rollbacks cross join cursor
    where rollbacks.id > (select rollback_id from handled_rollbacks)
    group by cursor.height`.execute(db);
  const [news] = rows;
  if (!news) return;
  await reopenLost(deps, news);
  await db.transaction().execute(async (tx) => {
    await lockChecks(tx);
    await tx.deleteFrom('claimChecks').execute();
    // What the new chain had not reached could not be judged: the next round looks again. The index may have come
    // further since.
    await sql`
      update handled_rollbacks set rollback_id = ${news.newest}
      where not exists (select from transactions where state = 'halted' and height > ${news.reached})`.execute(tx);
  });
}

/** Transactions that ended in a block above the one that was kept, which the index has come past without them. */
async function reopenLost(
  { db, log }: Pick<Deps, 'db' | 'log'>,
  { above, reached }: { above: number; reached: number },
): Promise<void> {
  const lost = await db
    .selectFrom('transactions')
    .select('hash')
    .where('state', '=', 'halted')
    .where('height', '>', above)
    .where('height', '<=', reached)
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
      await tx
        .updateTable('refunds')
        .set({ state: 'sealed' })
        .where('txHash', '=', hash)
        .where('state', '=', 'done')
        .execute();
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
