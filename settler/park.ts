import { sql } from 'kysely';
import type { Deps } from './deps.ts';

/**
 * Claims that the chain accepted and that are not ours as we know them: another settler's, or this database was restored
 * from an old copy. Their calls may be paid already, so nothing more is claimed until a person has looked.
 */
export async function parkUnknown({ db, log }: Pick<Deps, 'db' | 'log'>): Promise<void> {
  const parked = await db
    .insertInto('parkedEscrows')
    .columns(['escrowId', 'reason'])
    .expression((eb) =>
      eb
        .selectFrom('settlements')
        .innerJoin('ratings', 'ratings.escrowId', 'settlements.escrowId')
        .distinctOn('settlements.escrowId')
        .select([
          'settlements.escrowId',
          sql<string>`'claim ' || settlements.seq || ' in ' || settlements.tx_hash || ' was accepted on chain, but this settler did not make it'`.as(
            'reason',
          ),
        ])
        .where('settlements.accepted', '=', true)
        .where('ratings.state', '=', 'rated')
        .where(({ not, exists, selectFrom }) =>
          not(
            exists(
              selectFrom('claims')
                .select('claims.id')
                .whereRef('claims.escrowId', '=', 'settlements.escrowId')
                .whereRef('claims.seq', '=', 'settlements.seq')
                .whereRef('claims.cdrRoot', '=', 'settlements.cdrRoot')
                .where('claims.state', 'in', ['sealed', 'accepted']),
            ),
          ),
        ),
    )
    .onConflict((conflict) => conflict.doNothing())
    .returning(['escrowId', 'reason'])
    .execute();
  for (const { escrowId, reason } of parked) log.error({ escrowId: Number(escrowId) }, `escrow parked: ${reason}`);
}

/** A number that contradicts another one: nothing more is claimed from this escrow until a person has looked. */
export async function park({ db, log }: Pick<Deps, 'db' | 'log'>, escrowId: bigint, reason: string): Promise<void> {
  await db
    .insertInto('parkedEscrows')
    .values({ escrowId, reason })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  log.error({ escrowId: Number(escrowId) }, `escrow parked: ${reason}`);
}
