import { type RawBuilder, sql } from 'kysely';
import { wordsOf } from '../protocol/call/reasons.ts';
import type { Deps } from './deps.ts';

/**
 * Settlements that the chain accepted and that are not ours as we know them: another settler's, or this database was
 * restored from an old copy. Their calls may be paid already, so nothing more is claimed until a person has looked.
 * Sealed claims are left out: what the chain says of them is about to be written down. So is what a person has looked at.
 */
export const isUnknownSettlement: RawBuilder<boolean> = sql`settlements.accepted and not exists (
  select from claims where claims.escrow_id = settlements.escrow_id and claims.seq = settlements.seq
    and claims.cdr_root = settlements.cdr_root and claims.state in ('sealed', 'accepted'))
  and not exists (select from parked_escrows where parked_escrows.escrow_id = settlements.escrow_id
    and settlements.seq < parked_escrows.reviewed_seq)`;

/** Parks each escrow with calls to claim of which the chain knows a claim that we do not; calls that come later learn it too. */
export async function parkUnknown(deps: Pick<Deps, 'db' | 'log'>): Promise<void> {
  const { rows } = await sql<{ escrowId: bigint; seq: bigint; txHash: string }>`
    select distinct on (settlements.escrow_id) settlements.escrow_id, settlements.seq, settlements.tx_hash
    from settlements
    where ${isUnknownSettlement}
      and exists (select from ratings where ratings.escrow_id = settlements.escrow_id and ratings.state = 'rated' and price > 0)
      and not exists (select from parked_escrows
        where parked_escrows.escrow_id = settlements.escrow_id and reviewed_seq is null)
    order by settlements.escrow_id, settlements.seq`.execute(deps.db);
  for (const { escrowId, seq, txHash } of rows) {
    await park(
      deps,
      escrowId,
      `claim ${seq} in transaction ${txHash} was accepted on chain, but this database does not know it`,
    );
  }
  await sql`
    update ratings set reason_code = 'parked', reason = ${wordsOf('parked')}
    where state = 'rated' and price > 0 and reason_code is distinct from 'parked'
      and escrow_id in (select escrow_id from parked_escrows where reviewed_seq is null)`.execute(deps.db);
}

/** Numbers contradict each other: nothing more is claimed from this escrow until a person has looked. */
export async function park({ db, log }: Pick<Deps, 'db' | 'log'>, escrowId: bigint, reason: string): Promise<void> {
  await db
    .insertInto('parkedEscrows')
    .values({ escrowId, reason })
    .onConflict((conflict) =>
      conflict
        .column('escrowId')
        .doUpdateSet({ reason, parkedAt: sql`now()`, reviewedSeq: null })
        .where('parkedEscrows.reviewedSeq', 'is not', null),
    )
    .execute();
  log.error({ escrowId: Number(escrowId) }, `escrow parked: ${reason}`);
}
