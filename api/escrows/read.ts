import { type Selectable, sql } from 'kysely';
import type { Database } from '../../database/connection.ts';
import type { Escrows } from '../../database/types.ts';
import type { Escrow } from '../../protocol/api/escrows.ts';
import type { Address } from '../../protocol/types/address.ts';
import { presentEvent, type StoredEvent } from '../events/present.ts';

type History = Escrow['history'][number];

/** A day of claims every two minutes; all of it stands in `settlements`. */
const HISTORY_OF_ONE = 1_000;
/** A page holds up to 1000 escrows. */
const HISTORY_IN_LISTS = 10;

export type EscrowFilter = {
  user?: Address | undefined;
  provider?: Address | undefined;
  states?: readonly Escrow['state'][] | undefined;
};

export async function readEscrow(db: Database, id: number): Promise<Escrow | null> {
  const row = await db.selectFrom('escrows').selectAll().where('id', '=', BigInt(id)).executeTakeFirst();
  return row ? ((await withHistory(db, [row], HISTORY_OF_ONE))[0] ?? null) : null;
}

/** The newest first, from below `before` on. */
export async function findEscrows(
  db: Database,
  { user, provider, states }: EscrowFilter,
  { limit, before }: { limit: number; before?: number | undefined },
): Promise<Escrow[]> {
  let query = db.selectFrom('escrows').selectAll().orderBy('id', 'desc').limit(limit);
  if (user !== undefined) query = query.where('user', '=', user);
  if (provider !== undefined) query = query.where('provider', '=', provider);
  if (states !== undefined) query = query.where('state', 'in', states);
  if (before !== undefined) query = query.where('id', '<', BigInt(before));
  return withHistory(db, await query.execute(), HISTORY_IN_LISTS);
}

async function withHistory(db: Database, rows: Selectable<Escrows>[], limit: number): Promise<Escrow[]> {
  const ids = rows.map(({ id }) => id);
  type Row = StoredEvent & { escrow: bigint };
  const { rows: events } = await sql<Row>`
    select wanted.id as escrow, newest.*
    from unnest(${ids}::bigint[]) as wanted (id)
    cross join lateral (
      select name, height, position, time, tx_hash, payload
      from events join blocks using (height)
      where escrow_id = wanted.id order by height desc, position desc limit ${limit}
    ) as newest
    order by height, position`.execute(db);
  const histories = Map.groupBy(events, ({ escrow }) => escrow);
  return rows.map((row) => toEscrow(row, (histories.get(row.id) ?? []).map(presentEvent)));
}

function toEscrow(row: Selectable<Escrows>, history: History[]): Escrow {
  return {
    ...row,
    id: Number(row.id),
    amount: row.amount.toString(),
    spent: row.spent.toString(),
    refunded: row.refunded?.toString() ?? null,
    ratePerSecond: row.ratePerSecond.toString(),
    feePerCall: row.feePerCall.toString(),
    openedAt: row.openedAt.toISOString(),
    endsAt: row.endsAt.toISOString(),
    claimDeadline: row.claimDeadline.toISOString(),
    seq: Number(row.seq),
    seconds: Number(row.seconds),
    calls: Number(row.calls),
    history,
  };
}
