import { type Kysely, sql } from 'kysely';

/** Expired escrows whose rest a settler gives back to the user: sealed and confirmed as claims are. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db);
}

const statements = [
  `create table refunds (
    id bigint generated always as identity primary key,
    escrow_id bigint not null,
    tx_hash text not null references transactions,
    -- refunded: its transaction took place, and the index may not have seen it yet; void: it did not, or was lost
    state text not null check (state in ('sealed', 'refunded', 'void'))
  )`,
  'create index refunds_tx on refunds (tx_hash)',
  'create index refunds_escrow on refunds (escrow_id)',
  // The guard against refunding twice: a second attempt would fault, and burn its fee.
  `create unique index refunds_once on refunds (escrow_id) where state <> 'void'`,
  `create index transactions_refund on transactions (sealed_at) where kind = 'refund'`,
  `create index escrows_deadline on escrows (claim_deadline) where state <> 'closed'`,
];
