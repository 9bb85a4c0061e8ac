import { type RawBuilder, sql } from 'kysely';
import type { FailedReason } from '../protocol/call/reasons.ts';

/** Who closed an escrow, by the chain's own record of it; null while it is not closed. For a query over `escrows`. */
export const closedBy: RawBuilder<FailedReason | null> = sql`case when escrows.state = 'closed' then coalesce((
  select case
    -- a claim with \`close\` tells of the closing right behind its own acceptance
    when exists (select from events as claim where claim.tx_hash = closing.tx_hash and claim.ordinal = closing.ordinal - 1
      and claim.name = 'EscrowSettled' and claim.escrow_id = escrows.id) then 'closedByClaim'
    when blocks.time > escrows.claim_deadline then 'refundedAfterDeadline'
    -- before its deadline, nobody else can close it at once
    else 'closedByProvider' end
  from events as closing join blocks on blocks.height = closing.height
  where closing.escrow_id = escrows.id and closing.name = 'EscrowClosed'
  order by closing.height desc limit 1), 'escrowClosed') end`;
