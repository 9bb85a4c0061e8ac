import { sql } from 'kysely';
import type { Database } from '../../database/connection.ts';
import type { Cdr } from '../../protocol/api/cdrs.ts';
import { wordsOf } from '../../protocol/call/reasons.ts';
import type { Address } from '../../protocol/types/address.ts';

export type CdrFilter = { escrowId?: number | undefined; callId?: string | undefined };

/** A CDR with its rating, its claim and the transaction that paid it, as far as they are there. */
const selectCdrs = (db: Database) =>
  db
    .selectFrom('cdrs')
    .leftJoin('ratings', 'ratings.cdrId', 'cdrs.id')
    .leftJoin('cdrs as correction', (join) =>
      join // by the index of a call's CDRs
        .onRef('correction.provider', '=', 'cdrs.provider')
        .onRef('correction.callId', '=', 'cdrs.callId')
        .onRef('correction.corrects', '=', 'cdrs.id'),
    )
    .leftJoin('deckWaits', 'deckWaits.cdrId', 'cdrs.id')
    .leftJoin('claims', 'claims.id', 'ratings.claimId')
    .leftJoin('transactions', (join) =>
      join.onRef('transactions.hash', '=', 'claims.txHash').on('claims.state', '=', 'accepted'),
    )
    .selectAll('cdrs')
    .select([
      'ratings.state',
      'ratings.reason',
      'ratings.reasonCode',
      'ratings.billableSeconds',
      'ratings.price',
      'ratings.amount',
      'ratings.explanation',
      'claims.seq',
      'claims.cdrRoot',
      'claims.txHash',
      'transactions.height',
      'correction.id as supersededBy',
      'deckWaits.hash as missingDeck',
    ]);

type Row = Awaited<ReturnType<ReturnType<typeof selectCdrs>['execute']>>[number];

/**
 * What a provider says of a user is that user's CDR only where the escrow is the user's own, with this provider:
 * anybody can deploy a provider, and say anything.
 */
export const isUsersOwn = sql<boolean>`exists (select from escrows
  where escrows.id = cdrs.escrow_id and escrows.user = cdrs.user and escrows.provider = cdrs.provider)`;

/** Only for a party of the call: to everybody else it does not exist. */
export async function readCdr(db: Database, id: number, party: Address): Promise<Cdr | null> {
  const row = await selectCdrs(db)
    .where('cdrs.id', '=', BigInt(id))
    .where(sql<boolean>`(cdrs.provider = ${party} or (cdrs.user = ${party} and ${isUsersOwn}))`)
    .executeTakeFirst();
  return row ? toCdr(row) : null;
}

/**
 * A party's CDRs, the newest first, from below `before` on: at most `limit` of each role by its own index, then of
 * both.
 */
export async function findCdrs(
  db: Database,
  party: Address,
  { escrowId, callId }: CdrFilter,
  { limit, before }: { limit: number; before: number | undefined },
): Promise<Cdr[]> {
  const filter = sql`${escrowId === undefined ? sql`true` : sql`cdrs.escrow_id = ${escrowId}`}
    and ${callId === undefined ? sql`true` : sql`cdrs.call_id = ${callId}`}
    and ${before === undefined ? sql`true` : sql`cdrs.id < ${before}`}`;
  const rows = await selectCdrs(db)
    .where(
      sql<boolean>`cdrs.id in (
        (select id from cdrs where provider = ${party} and ${filter} order by id desc limit ${limit})
        union
        -- escrow by escrow: each finds its own by the index, however many others name it
        (select own.id from escrows
          cross join lateral (select id from cdrs
            where cdrs.escrow_id = escrows.id and cdrs.provider = escrows.provider and cdrs.user = escrows.user and ${filter}
            order by id desc limit ${limit}) as own
          where escrows.user = ${party} order by own.id desc limit ${limit}))`,
    )
    .orderBy('cdrs.id', 'desc')
    .limit(limit)
    .execute();
  return rows.map(toCdr);
}

function toCdr(row: Row): Cdr {
  return {
    id: Number(row.id),
    provider: row.provider,
    callId: row.callId,
    escrowId: Number(row.escrowId),
    user: row.user,
    state: row.supersededBy === null ? (row.state ?? 'received') : 'superseded',
    ...reasonOf(row),
    billableSeconds: row.billableSeconds === null ? null : Number(row.billableSeconds),
    price: row.explanation === null ? null : (row.price?.toString() ?? null), // a rejected call has none
    paid: row.state === 'settled' ? (row.amount?.toString() ?? null) : null,
    terms: row.explanation as Cdr['terms'],
    claim: row.seq === null || row.cdrRoot === null ? null : { seq: Number(row.seq), cdrRoot: row.cdrRoot },
    txHash: row.txHash,
    height: row.height,
    receivedAt: row.receivedAt.toISOString(),
    corrects: row.corrects === null ? null : Number(row.corrects),
    supersededBy: row.supersededBy === null ? null : Number(row.supersededBy),
    ...submitted(row),
  };
}

/** One that waits for its rate deck has no rating that could tell it. */
const reasonOf = ({ reason, reasonCode, missingDeck }: Row) =>
  missingDeck === null
    ? { reason, reasonCode }
    : { reason: `${wordsOf('deckMissing')}; its hash is ${missingDeck}`, reasonCode: 'deckMissing' };

function submitted(row: Row) {
  const { direction, from, to, disposition, sipStatus, hangupBy, voucherTotal, voucherSignature } = row;
  return {
    direction,
    from,
    to,
    startedAt: row.startedAt.toISOString(),
    answeredAt: row.answeredAt?.toISOString() ?? null,
    endedAt: row.endedAt.toISOString(),
    disposition,
    sipStatus,
    hangupBy,
    voucher:
      voucherTotal === null || voucherSignature === null
        ? null
        : { total: voucherTotal.toString(), signature: voucherSignature },
  };
}
