import { sql } from 'kysely';
import type { Database, Tx } from '../database/connection.ts';
import { wordsOf } from '../protocol/call/reasons.ts';
import { isKnown } from './park.ts';
import { lockSealing } from './seal.ts';

/** What a person does about a parked escrow. */

export type ParkedEscrow = {
  escrowId: bigint;
  reason: string;
  parkedAt: Date;
  /** Claims that the chain has accepted, as far as the index knows; null where it does not know the escrow. */
  acceptedClaims: bigint | null;
  /** Calls that wait, and what they cost. */
  calls: bigint;
  price: bigint;
};

/** All that are parked, the oldest first; of one, or of all. */
export async function listParked(db: Database | Tx, escrowId: bigint | null = null): Promise<ParkedEscrow[]> {
  const { rows } = await sql<ParkedEscrow>`
    select parked_escrows.escrow_id, reason, parked_at, escrows.seq as accepted_claims, waiting.calls, waiting.price
    from parked_escrows
    left join escrows on escrows.id = parked_escrows.escrow_id
    cross join lateral (select count(*) as calls, coalesce(sum(price), 0)::bigint as price from ratings
      where ratings.escrow_id = parked_escrows.escrow_id and state = 'rated' and ratings.price > 0) as waiting
    where reviewed_seq is null and (${escrowId}::bigint is null or parked_escrows.escrow_id = ${escrowId})
    order by parked_at, parked_escrows.escrow_id`.execute(db);
  return rows;
}

export type Review = {
  escrowId: bigint;
  /** Claims with a lower number were looked at. */
  reviewedSeq: bigint;
  /** CDRs that a claim of somebody else has paid. */
  paidElsewhere: readonly bigint[];
  dryRun: boolean;
};

export type ReviewOutcome =
  | { kind: 'released'; failed: number; freed: number }
  | { kind: 'notParked' }
  /** So many claims were accepted: more can't have been looked at. */
  | { kind: 'beyondIndex'; acceptedClaims: bigint }
  /** The chain has not answered this claim of ours yet: its calls may come back, and nobody has looked at them. */
  | { kind: 'underWay'; seq: bigint; txHash: string }
  /** This claim is not known here and was not looked at: the escrow would be parked again at once. */
  | { kind: 'notReviewed'; seq: bigint }
  /** These CDRs are no calls of the escrow that wait for payment. */
  | { kind: 'notWaiting'; cdrIds: bigint[] };

class DryRun extends Error {}

/**
 * Lets the rest of a parked escrow be claimed. Nothing is sealed meanwhile; changes nothing where it can't, or in a dry
 * run.
 */
export async function releaseParked(db: Database, review: Review): Promise<ReviewOutcome> {
  let outcome: ReviewOutcome | undefined;
  try {
    await db.transaction().execute(async (tx) => {
      await lockSealing(tx);
      outcome = (await refusal(tx, review)) ?? (await release(tx, review));
      if (review.dryRun) throw new DryRun();
    });
  } catch (error) {
    if (!(error instanceof DryRun)) throw error;
  }
  return outcome as ReviewOutcome;
}

async function refusal(tx: Tx, { escrowId, reviewedSeq, paidElsewhere }: Review): Promise<ReviewOutcome | null> {
  const [parked] = await listParked(tx, escrowId);
  if (!parked) return { kind: 'notParked' };
  const acceptedClaims = parked.acceptedClaims ?? 0n;
  if (reviewedSeq > acceptedClaims) return { kind: 'beyondIndex', acceptedClaims };
  const { rows: underWay } = await sql<{ seq: bigint; txHash: string }>`
    select seq, tx_hash from claims where escrow_id = ${escrowId} and state = 'sealed'`.execute(tx);
  if (underWay[0]) return { kind: 'underWay', ...underWay[0] };
  const { rows: unknown } = await sql<{ seq: bigint }>`
    select seq from settlements
    where escrow_id = ${escrowId} and accepted and seq >= ${reviewedSeq} and not ${isKnown}
    order by seq limit 1`.execute(tx);
  if (unknown[0]) return { kind: 'notReviewed', seq: unknown[0].seq };
  const { rows: waiting } = await sql<{ cdrId: bigint }>`
    select cdr_id from ratings where cdr_id = any(${[...paidElsewhere]}::bigint[])
      and escrow_id = ${escrowId} and state = 'rated' and price > 0`.execute(tx);
  const known = new Set(waiting.map(({ cdrId }) => cdrId));
  const cdrIds = paidElsewhere.filter((id) => !known.has(id));
  return cdrIds.length > 0 ? { kind: 'notWaiting', cdrIds } : null;
}

async function release(tx: Tx, { escrowId, reviewedSeq, paidElsewhere }: Review): Promise<ReviewOutcome> {
  const failed = await sql`
    update ratings set state = 'failed', reason_code = 'paidElsewhere', reason = ${wordsOf('paidElsewhere')}
    where cdr_id = any(${[...paidElsewhere]}::bigint[])`.execute(tx);
  const freed = await sql`
    update ratings set reason_code = null, reason = null
    where escrow_id = ${escrowId} and state = 'rated' and price > 0`.execute(tx);
  await tx.updateTable('parkedEscrows').set({ reviewedSeq }).where('escrowId', '=', escrowId).execute();
  return {
    kind: 'released',
    failed: Number(failed.numAffectedRows ?? 0),
    freed: Number(freed.numAffectedRows ?? 0),
  };
}
