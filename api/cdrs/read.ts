import { sql } from 'kysely';
import type { Database } from '../../database/connection.ts';
import type { Cdr } from '../../protocol/api/cdrs.ts';
import type { Address } from '../../protocol/types/address.ts';

export type CdrFilter = { escrowId?: number | undefined; callId?: string | undefined };

/** A CDR with its rating, its claim and the transaction that paid it, as far as they are there. */
const selectCdrs = (db: Database) =>
  db
    .selectFrom('cdrs')
    .leftJoin('ratings', 'ratings.cdrId', 'cdrs.id')
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
    ]);

type Row = Awaited<ReturnType<ReturnType<typeof selectCdrs>['execute']>>[number];

/** Only for a party of the call: to everybody else it does not exist. */
export async function readCdr(db: Database, id: number, party: Address): Promise<Cdr | null> {
  const row = await selectCdrs(db)
    .where('cdrs.id', '=', BigInt(id))
    .where((where) => where.or([where('provider', '=', party), where('user', '=', party)]))
    .executeTakeFirst();
  return row ? toCdr(row) : null;
}

/** A party's CDRs, the newest first, from below `before` on: at most `limit` of each role by its own index, then of both. */
export async function findCdrs(
  db: Database,
  party: Address,
  { escrowId, callId }: CdrFilter,
  { limit, before }: { limit: number; before: number | undefined },
): Promise<Cdr[]> {
  const idsAs = (role: 'provider' | 'user') => {
    let query = db.selectFrom('cdrs').select('id').where(role, '=', party).orderBy('id', 'desc').limit(limit);
    if (escrowId !== undefined) query = query.where('escrowId', '=', BigInt(escrowId));
    if (callId !== undefined) query = query.where('callId', '=', callId);
    return before === undefined ? query : query.where('id', '<', BigInt(before));
  };
  const ids = sql<bigint>`(${idsAs('provider')}) union (${idsAs('user')})`;
  const rows = await selectCdrs(db)
    .where('cdrs.id', 'in', sql<bigint>`(${ids})`)
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
    state: row.state ?? 'received',
    reason: row.reason,
    reasonCode: row.reasonCode,
    billableSeconds: row.billableSeconds === null ? null : Number(row.billableSeconds),
    price: row.explanation === null ? null : (row.price?.toString() ?? null), // a rejected call has none
    paid: row.state === 'settled' ? (row.amount?.toString() ?? null) : null,
    terms: row.explanation as Cdr['terms'],
    claim: row.seq === null || row.cdrRoot === null ? null : { seq: Number(row.seq), cdrRoot: row.cdrRoot },
    txHash: row.txHash,
    height: row.height,
    receivedAt: row.receivedAt.toISOString(),
    corrects: null,
    supersededBy: null,
    ...submitted(row),
  };
}

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
