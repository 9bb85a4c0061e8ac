import type { Deps } from './deps.ts';

/** What Postgres says is to be done, whether or not a job was ever queued for it. */
export type Work = {
  /** CDRs without a rating. */
  cdrIds: bigint[];
  /** There are rated calls that may be claimed. */
  payable: boolean;
  /** There are sealed transactions whose outcome is not known. */
  sealed: boolean;
};

/** CDRs of one round: as many as one job carries. */
const CDRS_PER_ROUND = 1_000;
/** After a first look at everything, only CDRs this young can be without a rating: intake commits within seconds. */
const RECENT_MS = 3_600_000;

export async function findWork({ db }: Pick<Deps, 'db'>, { everything }: { everything: boolean }): Promise<Work> {
  const unrated = await db
    .selectFrom('cdrs')
    .select('id')
    .where(({ not, exists, selectFrom }) =>
      not(exists(selectFrom('ratings').select('cdrId').whereRef('cdrId', '=', 'cdrs.id'))),
    )
    .$if(!everything, (query) => query.where('receivedAt', '>', new Date(Date.now() - RECENT_MS)))
    .orderBy('id')
    .limit(CDRS_PER_ROUND)
    .execute();
  const payable = await db
    .selectFrom('ratings')
    .select('cdrId')
    .where('state', '=', 'rated')
    .where('price', '>', 0n)
    .limit(1)
    .executeTakeFirst();
  const sealed = await db
    .selectFrom('transactions')
    .select('hash')
    .where('state', '=', 'sealed')
    .limit(1)
    .executeTakeFirst();
  return { cdrIds: unrated.map(({ id }) => id), payable: payable !== undefined, sealed: sealed !== undefined };
}

/** A devnet that was killed has lost a few blocks at most; further back nothing is looked at again. */
const REOPEN_BLOCKS = 200;

/**
 * A devnet's only validator can lose its last blocks when it is killed. A transaction that was in one of them is open
 * again: it is sent again, or expires. On a public network this never finds any.
 */
export async function reopenLost({ db, log }: Pick<Deps, 'db' | 'log'>): Promise<void> {
  const lost = await db
    .selectFrom('transactions')
    .innerJoin('cursor', (join) => join.onTrue())
    .select('transactions.hash')
    .where('state', '=', 'halted')
    .whereRef('transactions.height', '<=', 'cursor.height')
    .where((eb) => eb('transactions.height', '>', eb('cursor.height', '-', REOPEN_BLOCKS)))
    .where(({ not, exists, selectFrom }) =>
      not(exists(selectFrom('events').select('events.txHash').whereRef('events.txHash', '=', 'transactions.hash'))),
    )
    .execute();
  for (const { hash } of lost) {
    await db.transaction().execute(async (tx) => {
      await tx.updateTable('transactions').set({ state: 'sealed', height: null }).where('hash', '=', hash).execute();
      const claims = await tx
        .updateTable('claims')
        .set({ state: 'sealed' })
        .where('txHash', '=', hash)
        .where('state', '=', 'accepted')
        .returning('id')
        .execute();
      for (const { id } of claims)
        await tx.updateTable('ratings').set({ state: 'claimed' }).where('claimId', '=', id).execute();
    });
    log.warn({ txHash: hash }, 'the chain has lost a confirmed transaction: it is open again');
  }
}
