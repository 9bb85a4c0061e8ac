import { type Selectable, sql } from 'kysely';
import type { Database } from '../../database/connection.ts';
import type { Holds } from '../../database/types.ts';
import type { HeldCall } from '../../protocol/api/calls.ts';
import type { Terms } from '../../protocol/call/price.ts';
import type { Address } from '../../protocol/types/address.ts';
import { datoshi } from '../../protocol/types/datoshi.ts';
import { termsShape } from '../http/terms.ts';

/** A provider's holds behind a callId, in their order. */
export async function findHolds(
  db: Database,
  provider: Address,
  { limit, after }: { limit: number; after: string | undefined },
): Promise<HeldCall[]> {
  let query = db
    .selectFrom('holds')
    .leftJoin('escrows', 'escrows.id', 'holds.escrowId')
    .selectAll('holds')
    .select('escrows.user')
    .where('holds.provider', '=', provider)
    .where(({ or, eb }) => or([eb('cdrId', 'is not', null), eb('holdUntil', '>', sql<Date>`now()`)]));
  if (after !== undefined) query = query.where(sql<boolean>`call_id collate "C" > ${after}`);
  const rows = await query.orderBy(sql`call_id collate "C"`).limit(limit).execute();
  return rows.map((row) => ({
    callId: row.callId,
    escrowId: Number(row.escrowId),
    user: row.user,
    state: row.cdrId === null ? 'running' : 'handedIn',
    heldFrom: row.heldFrom.toISOString(),
    seconds: row.seconds,
    amount: row.amount.toString(),
    holdUntil: row.holdUntil.toISOString(),
    terms: { ...termsShape(termsOf(row)), tariffHash: row.tariffHash, entry: row.entry },
  }));
}

const termsOf = ({ ratePerSecond, feePerCall, initialIncrement, increment }: Selectable<Holds>): Terms => ({
  ratePerSecond: datoshi(ratePerSecond),
  feePerCall: datoshi(feePerCall),
  initialIncrement,
  increment,
});
