import { type RawBuilder, sql } from 'kysely';
import type { Tx } from '../database/connection.ts';
import { wordsOf } from '../protocol/call/reasons.ts';
import type { Deps } from './deps.ts';
import { withDue } from './due.ts';

/**
 * The claim is one of ours, in the very transaction that the chain accepted it in: the same calls in another one have
 * the same root. A sealed one too, as what the chain says of it is about to be written down.
 */
export const isKnown: RawBuilder<boolean> = sql`exists (select from claims
  where claims.escrow_id = settlements.escrow_id and claims.seq = settlements.seq
    and claims.tx_hash = settlements.tx_hash and claims.state in ('sealed', 'accepted'))`;

/** Any number that nobody else locks in this database: a check of claims and a roll-back's end do not overlap. */
const CHECK_LOCK = 0x5e_a3;

export async function lockChecks(tx: Tx): Promise<void> {
  await sql`select pg_advisory_xact_lock(${CHECK_LOCK})`.execute(tx);
}

/**
 * Settlements that the chain accepted and that are not ours as we know them: another settler's, or this database was
 * restored from an old copy. Their calls may be paid already, so nothing more is claimed until a person has looked.
 * Sealed claims are left out: what the chain says of them is about to be written down. So is what a person has looked
 * at.
 *
 * Looks at escrows with calls to claim, and of each at the claims that have come since it was looked at: nothing is
 * planned for an escrow before all of its claims are known (`candidates.ts`).
 */
export async function parkUnknown(deps: Pick<Deps, 'db' | 'log'>): Promise<void> {
  const unknown = await deps.db.transaction().execute(async (tx) => {
    await lockChecks(tx);
    return checkClaims(tx);
  });
  for (const { escrowId, seq, txHash } of unknown) {
    await park(
      deps,
      escrowId,
      `claim ${seq} in transaction ${txHash} was accepted on chain, but this database does not know it`,
    );
  }
  // calls that came after their escrow was parked learn it too
  await sql`
    update ratings set reason_code = 'parked', reason = ${wordsOf('parked')}
    where escrow_id = any(array(select escrow_id from parked_escrows where reviewed_seq is null))
      and state = 'rated' and price > 0 and reason_code is null`.execute(deps.db);
}

type Unknown = { escrowId: bigint; seq: bigint; txHash: string };

/** Notes what is known of each escrow by now; answers the first claim of each that is not. */
async function checkClaims(tx: Tx): Promise<Unknown[]> {
  const { rows } = await sql<Unknown>`
    with recursive ${withDue}, looked_at as (
      select escrows.id, escrows.seq as checked_seq, unknown.seq, unknown.tx_hash
      from due
      join escrows on escrows.id = due.escrow_id
      left join claim_checks on claim_checks.escrow_id = escrows.id
      left join parked_escrows on parked_escrows.escrow_id = escrows.id
      left join lateral (
        select settlements.seq, settlements.tx_hash from settlements
        where settlements.escrow_id = escrows.id and settlements.accepted
          -- what is below was found known, or a person has looked at it
          and settlements.seq >= greatest(claim_checks.checked_seq, parked_escrows.reviewed_seq, 0)
          and not ${isKnown}
        order by settlements.seq limit 1) as unknown on true
      where escrows.seq > coalesce(claim_checks.checked_seq, 0)
        -- it waits for a person already
        and not (parked_escrows.escrow_id is not null and parked_escrows.reviewed_seq is null)
    ), known as (
      insert into claim_checks (escrow_id, checked_seq) select id, checked_seq from looked_at where seq is null
      on conflict (escrow_id) do update set checked_seq = excluded.checked_seq
    )
    select id as escrow_id, seq, tx_hash from looked_at where seq is not null`.execute(tx);
  return rows;
}

/** Numbers contradict each other: nothing more is claimed from this escrow until a person has looked. */
export async function park({ db, log }: Pick<Deps, 'db' | 'log'>, escrowId: bigint, reason: string): Promise<void> {
  await db.transaction().execute(async (tx) => {
    await tx
      .insertInto('parkedEscrows')
      .values({ escrowId, reason })
      .onConflict((conflict) =>
        conflict
          .column('escrowId')
          .doUpdateSet({ reason, parkedAt: sql`now()`, reviewedSeq: null })
          .where('parkedEscrows.reviewedSeq', 'is not', null),
      )
      .execute();
    await tx
      .updateTable('ratings')
      .set({ reasonCode: 'parked', reason: wordsOf('parked') })
      .where('escrowId', '=', escrowId)
      .where('state', '=', 'rated')
      .where('price', '>', 0n)
      .execute();
  });
  log.error({ escrowId: Number(escrowId) }, `escrow parked: ${reason}`);
}
