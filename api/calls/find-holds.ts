import type { Selectable } from 'kysely';
import type { Database } from '../../database/connection.ts';
import { prepare } from '../../database/prepared.ts';
import type { Holds } from '../../database/types.ts';
import type { HeldCall } from '../../protocol/api/calls.ts';
import type { Terms } from '../../protocol/call/price.ts';
import type { Address } from '../../protocol/types/address.ts';
import { datoshi } from '../../protocol/types/datoshi.ts';
import { termsShape } from '../http/terms.ts';

type Row = Selectable<Holds> & { user: Address | null };

export const askHolds = prepare<[provider: Address, after: string, limit: number], Row>(
  'read_holds',
  `select holds.*, escrows."user"
  from holds left join escrows on escrows.id = holds.escrow_id
  where holds.provider = $1 and (cdr_id is not null or hold_until > now()) and call_id collate "C" > $2
  order by call_id collate "C" limit $3`,
);

/** A provider's holds behind a callId, in their order. */
export async function findHolds(
  db: Database,
  provider: Address,
  { limit, after = '' }: { limit: number; after: string | undefined },
): Promise<HeldCall[]> {
  const rows = await askHolds(db, provider, after, limit);
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
