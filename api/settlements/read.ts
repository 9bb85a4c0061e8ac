import { type Selectable, type SqlBool, sql } from 'kysely';
import type { Database } from '../../database/connection.ts';
import type { Settlements } from '../../database/types.ts';
import type { Settlement, Transaction } from '../../protocol/api/settlements.ts';
import type { Address } from '../../protocol/types/address.ts';
import type { TxHash } from '../../protocol/types/hash.ts';

export type SettlementFilter = {
  provider?: Address | undefined;
  user?: Address | undefined;
  since?: Date | undefined;
  until?: Date | undefined;
};
/** Where a transaction's first claim (of those asked for) stands on the chain. */
export type Place = { height: number; position: number };

/** A transaction holds up to 512 claims, a page up to 1000 transactions: it ends early rather than grow to 100 MB. */
const MAX_CLAIMS_PER_PAGE = 10_000;

export async function readTransaction(db: Database, txHash: TxHash): Promise<Transaction | null> {
  const rows = await db
    .selectFrom('settlements')
    .selectAll()
    .where('txHash', '=', txHash)
    .orderBy('position')
    .execute();
  return rows[0] ? toTransaction(rows as [Row, ...Row[]]) : null;
}

/**
 * Transactions, the newest first, each with those of its claims that were asked for; and where the next page begins.
 */
export async function findTransactions(
  db: Database,
  filter: SettlementFilter,
  { limit, before }: { limit: number; before: Place | undefined },
): Promise<{ transactions: Transaction[]; last: Place | null }> {
  const asked = conditions(filter);
  const { rows } = await sql<Place & { txHash: TxHash; claims: bigint }>`
    select height, tx_hash, min(position) as position, count(*) as claims
    from settlements
    where ${asked} ${before ? sql`and (height, position) < (${before.height}, ${before.position})` : sql``}
    group by height, tx_hash order by height desc, min(position) desc limit ${limit + 1}`.execute(db);
  const shown = fitting(rows.slice(0, limit));
  const claims = await db
    .selectFrom('settlements')
    .selectAll()
    .where('txHash', '=', sql<TxHash>`any(${shown.map((row) => row.txHash)})`)
    .where(asked)
    .orderBy('height', 'desc')
    .orderBy('position')
    .execute();
  const claimsOf = Map.groupBy(claims, (claim) => claim.txHash);
  const transactions = shown.map((row) => toTransaction(claimsOf.get(row.txHash) as [Row, ...Row[]]));
  return { transactions, last: rows.length > shown.length ? (shown.at(-1) ?? null) : null };
}

function conditions({ provider, user, since, until }: SettlementFilter) {
  const all = [
    sql<SqlBool>`true`,
    ...(provider ? [sql`provider = ${provider}`] : []),
    ...(user ? [sql`"user" = ${user}`] : []),
    ...(since ? [sql`time >= ${since}`] : []),
    ...(until ? [sql`time < ${until}`] : []),
  ];
  return sql<SqlBool>`${sql.join(all, sql` and `)}`;
}

function fitting<T extends { claims: bigint }>(rows: T[]): T[] {
  let sum = 0;
  const end = rows.findIndex((row, i) => {
    sum += Number(row.claims);
    return i > 0 && sum > MAX_CLAIMS_PER_PAGE;
  });
  return end < 0 ? rows : rows.slice(0, end);
}

type Row = Selectable<Settlements>;

function toTransaction(rows: [Row, ...Row[]]): Transaction {
  const { txHash, height, time } = rows[0];
  return { txHash, height, time: time.toISOString(), claims: rows.map(toSettlement) };
}

function toSettlement({
  escrowId,
  provider,
  user,
  seq,
  amount,
  seconds,
  calls,
  cdrRoot,
  accepted,
  code,
}: Row): Settlement {
  return {
    escrowId: Number(escrowId),
    provider,
    user,
    seq: Number(seq),
    amount: amount?.toString() ?? null,
    seconds: seconds === null ? null : Number(seconds),
    calls: calls === null ? null : Number(calls),
    cdrRoot,
    accepted,
    code,
  };
}
