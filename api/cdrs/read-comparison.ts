import { sql } from 'kysely';
import type { Database } from '../../database/connection.ts';
import { type ComparedCall, type Comparison, compareCall } from '../../protocol/call/comparison.ts';

/** What stands beside what a call costs: its user's voucher, and its claim. Null while it has no price. */
export async function readComparison(db: Database, cdrId: number): Promise<Comparison | null> {
  const { rows } = await sql<ComparedCall>`
    select ratings.price, ratings.amount as claimed,
      case
        when escrows.voucher_key is null then null
        -- of a claim: what its own voucher left above it, and the part that it holds of this call
        when claims.id is not null then ratings.amount + coalesce(claims.voucher_total, 0) - claims.amount
          - (select coalesce(sum(amount), 0) from settlements
              where escrow_id = claims.escrow_id and accepted and seq < claims.seq)
        -- of a call that waits: what the highest voucher leaves above all that is paid before it
        else greatest(0, (select total from vouchers where vouchers.escrow_id = escrows.id),
            (select max(voucher_total) from ratings as each
              where each.escrow_id = escrows.id and voucher_total is not null))
          - escrows.spent
          - (select coalesce(sum(amount), 0) from claims as each
              where each.escrow_id = escrows.id and state in ('sealed', 'accepted') and each.seq >= escrows.seq)
          - (select coalesce(sum(price), 0) from ratings as each
              where each.escrow_id = escrows.id and state = 'rated' and price > 0 and each.cdr_id < ratings.cdr_id)
      end::bigint as signed
    from ratings
    join escrows on escrows.id = ratings.escrow_id
    left join claims on claims.id = ratings.claim_id
    where ratings.cdr_id = ${cdrId} and ratings.explanation is not null`.execute(db);
  const [found] = rows;
  return found ? compareCall(found) : null;
}
