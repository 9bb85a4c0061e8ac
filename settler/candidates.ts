import { sql } from 'kysely';
import { datoshi } from '../chain/types.ts';
import type { Voucher } from '../contract/client/claim.ts';
import { bytesOfHex } from '../contract/client/event.ts';
import type { Deps } from './deps.ts';
import { isUnknownSettlement } from './park.ts';
import type { EscrowView } from './plan.ts';
import type { Escrow } from './rate.ts';

/** An escrow with calls that were not claimed yet, and what is needed to claim them. */
export type Candidate = EscrowView & { voucher: Voucher | null };

/** Calls of one claim: its Merkle tree is built in memory, and its proofs stay short. */
const CALLS_PER_CLAIM = 5_000;

/**
 * Escrows with calls to claim: those that this settler may claim from first, of them the nearest deadline, then the largest
 * amount. Not among them: those with a claim under way, those of which the index has not seen the last claim yet, and those
 * that are parked.
 */
export async function findCandidates({ db, signer }: Pick<Deps, 'db' | 'signer'>, limit: number): Promise<Candidate[]> {
  const { rows } = await sql<Escrow & { authorised: boolean; headTime: Date }>`
    select escrows.*, cursor.time as head_time,
      -- only the provider itself or the operator that it named may settle
      coalesce(${signer.address} in (escrows.provider, providers.operator), false) as authorised
    from escrows
    cross join cursor
    join (select escrow_id, sum(price) as total from ratings where state = 'rated' and price > 0 group by escrow_id) as owed
      on owed.escrow_id = escrows.id
    -- an undeployed provider has no operator
    left join providers on providers.provider = escrows.provider and undeployed_at is null
    where not exists (select from parked_escrows where parked_escrows.escrow_id = escrows.id)
      -- one claim at a time, and the next one only when the index has the last: its seq must be the chain's
      and not exists (select from claims where claims.escrow_id = escrows.id
        and (claims.state = 'sealed' or claims.state = 'accepted' and claims.seq >= escrows.seq))
      -- asked in this same snapshot: the index may have learnt of it since the escrows were last parked
      and not exists (select from settlements where settlements.escrow_id = escrows.id and ${isUnknownSettlement})
    order by authorised desc, claim_deadline, owed.total desc
    limit ${limit}`.execute(db);
  return Promise.all(
    rows.map(async ({ authorised, headTime, ...escrow }) => {
      return {
        escrow,
        authorised,
        headTime,
        ...(await readCalls(db, escrow.id)),
        ...(await readVoucher(db, escrow.id)),
      };
    }),
  );
}

async function readCalls(db: Deps['db'], escrowId: bigint): Promise<Pick<EscrowView, 'calls'>> {
  const rows = await db
    .selectFrom('ratings')
    .select(['cdrId', 'billableSeconds as seconds', 'price', 'ratedAt'])
    .where('escrowId', '=', escrowId)
    .where('state', '=', 'rated')
    .where('price', '>', 0n)
    .orderBy('cdrId')
    .limit(CALLS_PER_CLAIM)
    .execute();
  return { calls: rows.map((row) => ({ ...row, price: datoshi(row.price) })) };
}

/** The highest valid one; the rating has checked its signature. */
async function readVoucher(db: Deps['db'], escrowId: bigint): Promise<Pick<Candidate, 'voucher' | 'voucherTotal'>> {
  const row = await db
    .selectFrom('ratings')
    .innerJoin('cdrs', 'cdrs.id', 'ratings.cdrId')
    .select(['ratings.voucherTotal', 'voucherSignature'])
    .where('ratings.escrowId', '=', escrowId)
    .where('ratings.voucherTotal', 'is not', null)
    .orderBy('ratings.voucherTotal', 'desc')
    .limit(1)
    .executeTakeFirst();
  if (!row?.voucherTotal || !row.voucherSignature) return { voucher: null, voucherTotal: datoshi(0n) };
  const total = datoshi(row.voucherTotal);
  return { voucher: { total, signature: bytesOfHex(row.voucherSignature) }, voucherTotal: total };
}
