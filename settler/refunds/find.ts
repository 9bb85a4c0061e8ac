import { sql } from 'kysely';
import type { Database, Tx } from '../../database/connection.ts';
import type { Address } from '../../protocol/types/address.ts';
import type { Datoshi } from '../../protocol/types/datoshi.ts';
import type { Deps } from '../deps.ts';

/** An expired escrow, and what is left in it for its user. */
export type Refund = { escrowId: bigint; user: Address; rest: Datoshi };

/** Who faults alone so often, though the chain said each time beforehand that it would not, is left to its user. */
const MAX_FAULTS = 3;

type Whom = Pick<Deps, 'signer' | 'providers'>;

/**
 * Whom the operator pays for: the providers that it was told, or else those that named it. Anybody may refund, so a
 * provider that it was told and that has vanished is no hindrance. For a query over `escrows` and `providers`.
 */
export const isPaidFor = ({ signer, providers }: Whom) =>
  providers === null
    ? sql<boolean>`coalesce(${signer.address} in (escrows.provider, providers.operator), false)`
    : sql<boolean>`escrows.provider = any(${[...providers]})`;

/** Expired escrows to refund, the largest rest first: where it is not worth the fee, no later one is. */
export async function findRefunds(
  db: Database | Tx,
  { signer, providers, restingRefunds }: Whom & Pick<Deps, 'restingRefunds'>,
  { limit, among = null }: { limit: number; among?: readonly bigint[] | null },
): Promise<Refund[]> {
  const resting = [...restingRefunds].filter(([, until]) => until > Date.now()).map(([id]) => id);
  const { rows } = await sql<Refund>`
    select escrows.id as escrow_id, escrows."user", amount - spent as rest
    from escrows
    -- an undeployed provider has no operator
    left join providers on providers.provider = escrows.provider and undeployed_at is null
    where escrows.state <> 'closed'
      -- by the chain's own clock: whatever block comes next, no claim in it can be accepted. Not a join: without
      -- statistics, Postgres would look at all escrows
      and claim_deadline < (select time from cursor)
      and amount > spent
      and ${isPaidFor({ signer, providers })}
      and (${among === null} or escrows.id = any(${[...(among ?? [])]}::bigint[]))
      -- under way, or done and not seen by the index yet
      and not exists (select from refunds where refunds.escrow_id = escrows.id and refunds.state <> 'void')
      -- what became of its last claim is written down first
      and not exists (select from claims where claims.escrow_id = escrows.id and claims.state = 'sealed')
      -- a chain that has lost blocks is looked through first
      and not exists (select from rollbacks, handled_rollbacks where rollbacks.id > handled_rollbacks.rollback_id)
      -- a fee is burnt each time
      and ${MAX_FAULTS} > (select count(*) from refunds
        join transactions on transactions.hash = refunds.tx_hash and transactions.state = 'faulted'
        where refunds.escrow_id = escrows.id
          and not exists (select from refunds as beside where beside.tx_hash = transactions.hash and beside.id <> refunds.id))
      -- the chain has just refused it
      and escrows.id <> all(${resting}::bigint[])
    order by rest desc, escrows.id
    limit ${limit}`.execute(db);
  return rows;
}
