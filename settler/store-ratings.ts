import { sql } from 'kysely';
import type { Database, Tx } from '../database/connection.ts';
import { insertRows } from '../database/rows.ts';
import { type ReasonCode, type RejectedReason, wordsOf } from '../protocol/call/reasons.ts';
import { type BusyCall, findOver, type KnownCall } from './parallel.ts';
import type { Cdr, Explanation } from './rate.ts';

export type RatingRow = {
  cdrId: bigint;
  escrowId: bigint;
  voucherTotal: bigint | null;
  state: 'rejected' | 'rated';
  reasonCode: ReasonCode | null;
  reason: string | null;
  billableSeconds: bigint;
  price: bigint;
  explanation: Explanation | null;
  tariffHash: string | null;
  busyFrom: Date | null;
  busyUntil: Date | null;
};
export type RatedCdr = { row: RatingRow; cdr: Cdr; maxParallel: number };

/**
 * Any number that nobody else locks in this database: settlers store ratings one after the other, and see each other's.
 */
const RATING_LOCK = 0x5e_a2;
/**
 * Calls that are looked at beside one. Where more were under way during it, it counts as one too many: 100 lines that
 * are always busy with calls of three minutes make so many in five hours.
 */
const NEIGHBOURS_PER_CALL = 10_000;
/** Calls that are looked at beside those of one transaction: so many fit into memory with ease. */
const NEIGHBOURS_PER_TRANSACTION = 50_000;

/** Another settler has claimed a call that was to be rejected: nothing was stored. */
class Overtaken extends Error {
  override name = 'Overtaken';
}

/** So many calls were under way with these that they are stored in smaller parts: nothing was stored. */
class TooManyNeighbours extends Error {
  override name = 'TooManyNeighbours';
}

/** What is corrected is superseded as soon as its correction is seen, whether or not that one can be rated yet. */
export async function supersede(db: Database | Tx, cdrs: readonly Pick<Cdr, 'corrects'>[]): Promise<void> {
  const corrected = cdrs.flatMap(({ corrects }) => corrects ?? []);
  if (corrected.length === 0) return;
  await db
    .updateTable('ratings')
    .set({ state: 'superseded', busyFrom: null, busyUntil: null })
    // rows locked in one order don't deadlock
    .where('cdrId', 'in', (given) =>
      given
        .selectFrom('ratings')
        .select('cdrId')
        .where('cdrId', '=', sql<bigint>`any(${corrected})`)
        .where(sql<boolean>`is_never_paid(state, price)`)
        .orderBy('cdrId')
        .forUpdate(),
    )
    .execute();
}

/**
 * Stores ratings of CDRs that have none yet. A call that is one too many at a time is rejected, whether it is among
 * these or waits to be claimed. Answers how many were stored: none where another settler claimed a call in the
 * meantime, and the next round rates these anew.
 */
export async function storeRatings(db: Database, rated: readonly RatedCdr[]): Promise<number> {
  try {
    return await storeTogether(db, rated);
  } catch (error) {
    if (error instanceof Overtaken) return 0;
    if (!(error instanceof TooManyNeighbours)) throw error;
    const middle = Math.ceil(rated.length / 2);
    return (await storeRatings(db, rated.slice(0, middle))) + (await storeRatings(db, rated.slice(middle)));
  }
}

/** @throws Overtaken, TooManyNeighbours */
function storeTogether(db: Database, rated: readonly RatedCdr[]): Promise<number> {
  return db.transaction().execute(async (tx) => {
    await sql`select pg_advisory_xact_lock(${RATING_LOCK})`.execute(tx);
    const fresh = await withoutStored(tx, rated);
    const unpaid = await withPayablePredecessor(tx, fresh);
    for (const { row, cdr } of fresh) if (unpaid.has(cdr.id)) reject(row, 'correctsPayable', { isBusy: false });
    await rejectOver(tx, fresh);
    await insertRows(
      tx,
      'ratings',
      fresh.map(({ row }) => row),
    );
    return fresh.length;
  });
}

async function withoutStored(tx: Tx, rated: readonly RatedCdr[]): Promise<RatedCdr[]> {
  const stored = await tx
    .selectFrom('ratings')
    .select('cdrId')
    .where('cdrId', '=', sql<bigint>`any(${rated.map(({ cdr }) => cdr.id)})`)
    .execute();
  const ids = new Set(stored.map(({ cdrId }) => cdrId));
  return rated.flatMap((each) => (ids.has(each.cdr.id) ? [] : [{ ...each, row: { ...each.row } }]));
}

/**
 * Ids of corrections of what is not superseded. The database lets none come about; were there one, it would not be
 * paid.
 */
async function withPayablePredecessor(tx: Tx, fresh: readonly RatedCdr[]): Promise<Set<bigint>> {
  const corrections = fresh.filter(({ cdr }) => cdr.corrects !== null);
  if (corrections.length === 0) return new Set();
  const superseded = await tx
    .selectFrom('ratings')
    .select('cdrId')
    .where('cdrId', '=', sql<bigint>`any(${corrections.map(({ cdr }) => cdr.corrects)})`)
    .where('state', '=', 'superseded')
    .execute();
  const ids = new Set(superseded.map(({ cdrId }) => cdrId));
  return new Set(corrections.flatMap(({ cdr }) => (cdr.corrects !== null && !ids.has(cdr.corrects) ? cdr.id : [])));
}

/** @throws Overtaken where a call that is one too many now was claimed in the meantime · TooManyNeighbours */
async function rejectOver(tx: Tx, fresh: readonly RatedCdr[]): Promise<void> {
  const answered = await withoutRoomy(
    tx,
    fresh.filter(({ row }) => row.busyFrom !== null),
  );
  if (answered.length === 0) return;
  const { known, crowded } = await readNeighbours(tx, answered);
  const displaced: bigint[] = [];
  for (const [escrowId, calls] of Map.groupBy(answered, ({ row }) => row.escrowId)) {
    for (const { row, cdr } of calls) if (crowded.has(cdr.id)) reject(row, 'overParallel', { isBusy: true });
    const judged = calls.filter(({ cdr }) => !crowded.has(cdr.id));
    const found = findOver(calls[0]?.maxParallel ?? 0, judged.map(busyCall), known.get(escrowId) ?? []);
    for (const { row, cdr } of judged) if (found.over.has(cdr.id)) reject(row, 'overParallel', { isBusy: true });
    displaced.push(...found.displaced);
  }
  if (displaced.length === 0) return;
  const { numUpdatedRows } = await tx
    .updateTable('ratings')
    .set({
      state: 'rejected',
      reasonCode: 'overParallel',
      reason: wordsOf('overParallel'),
      billableSeconds: 0n,
      price: 0n,
      explanation: null,
      tariffHash: null,
    })
    .where('cdrId', '=', sql<bigint>`any(${displaced})`)
    .where('state', '=', 'rated')
    .executeTakeFirst();
  if (numUpdatedRows !== BigInt(displaced.length)) throw new Overtaken();
}

const busyCall = ({ row, cdr }: RatedCdr): BusyCall => ({
  cdrId: cdr.id,
  callId: cdr.callId,
  busyFrom: row.busyFrom as Date,
  busyUntil: row.busyUntil as Date,
});

/** One that was under way beside others stays so, though it is not paid. */
function reject(row: RatingRow, reason: RejectedReason, { isBusy }: { isBusy: boolean }): void {
  Object.assign(row, {
    state: 'rejected',
    reasonCode: reason,
    reason: wordsOf(reason),
    billableSeconds: 0n,
    price: 0n,
  });
  row.explanation = null;
  row.tariffHash = null;
  if (!isBusy) Object.assign(row, { busyFrom: null, busyUntil: null });
}

/**
 * Calls of those escrows alone where any may be too many: beside each call of another one there was room for all fresh
 * ones at once, so that neither it nor a known one it was under way with can be. Most calls are alone on the line.
 */
async function withoutRoomy(tx: Tx, answered: readonly RatedCdr[]): Promise<RatedCdr[]> {
  if (answered.length === 0) return [];
  const byEscrow = Map.groupBy(answered, ({ row }) => row.escrowId);
  const rooms = answered.map(({ row, maxParallel }) => maxParallel - (byEscrow.get(row.escrowId)?.length ?? 0));
  const { rows } = await sql<{ escrowId: bigint }>`
    select distinct fresh.escrow_id
    from unnest(${answered.map(({ row }) => row.escrowId)}::bigint[], ${answered.map(({ row }) => row.busyFrom)}::timestamptz[],
      ${answered.map(({ row }) => row.busyUntil)}::timestamptz[], ${rooms}::integer[])
      as fresh (escrow_id, busy_from, busy_until, room)
    where room < 0 or room < (
      select count(*) from (select from ratings where ${isNeighbour} limit greatest(room, 0) + 1) as known)`.execute(
    tx,
  );
  const tight = new Set(rows.map(({ escrowId }) => escrowId));
  return answered.filter(({ row }) => tight.has(row.escrowId));
}

/** Of ratings, a call of the same escrow that was under way at some time of a fresh one; both ranges as the index has them. */
const isNeighbour = sql<boolean>`ratings.busy_from is not null
  and int8range(ratings.escrow_id, ratings.escrow_id, '[]') && int8range(fresh.escrow_id, fresh.escrow_id, '[]')
  and tstzrange(ratings.busy_from, ratings.busy_until) && tstzrange(fresh.busy_from, fresh.busy_until)`;

type Neighbours = { known: Map<bigint, KnownCall[]> /** Ids of calls with too many. */; crowded: Set<bigint> };

/** The calls of the same escrow that were under way at some time of each: by an index, not by a look at all of them. */
async function readNeighbours(tx: Tx, answered: readonly RatedCdr[]): Promise<Neighbours> {
  const { rows } = await sql<KnownCall & { freshId: bigint; escrowId: bigint }>`
    select fresh.id as fresh_id, fresh.escrow_id, known.cdr_id, cdrs.call_id, known.busy_from, known.busy_until,
      known.state = 'rated' and known.price > 0 as open, known.state = 'rejected' as over
    from unnest(${answered.map(({ cdr }) => cdr.id)}::bigint[], ${answered.map(({ row }) => row.escrowId)}::bigint[],
      ${answered.map(({ row }) => row.busyFrom)}::timestamptz[], ${answered.map(({ row }) => row.busyUntil)}::timestamptz[])
      as fresh (id, escrow_id, busy_from, busy_until)
    cross join lateral (
      select * from ratings where ${isNeighbour}
      limit ${NEIGHBOURS_PER_CALL + 1}) as known
    join cdrs on cdrs.id = known.cdr_id
    limit ${NEIGHBOURS_PER_TRANSACTION + 1}`.execute(tx);
  if (rows.length > NEIGHBOURS_PER_TRANSACTION) throw new TooManyNeighbours();
  const crowded = new Set<bigint>();
  for (const [id, own] of Map.groupBy(rows, ({ freshId }) => freshId))
    if (own.length > NEIGHBOURS_PER_CALL) crowded.add(id);
  const distinct = new Map(rows.map((row) => [row.cdrId, row]));
  return { known: Map.groupBy(distinct.values(), ({ escrowId }) => escrowId), crowded };
}
