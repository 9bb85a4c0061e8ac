import { type Kysely, sql } from 'kysely';

/** What nobody claimed goes back to the user after the claim deadline; the operator pays for that. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db);
}

const statements = [
  `create table refunds (
    id bigint generated always as identity primary key,
    escrow_id bigint not null,
    tx_hash text not null references transactions,
    state text not null check (state in ('sealed', 'done', 'void'))
  )`,
  'create index refunds_tx on refunds (tx_hash)',
  // One refund of an escrow at a time, and one that took place.
  `create unique index refunds_once on refunds (escrow_id) where state <> 'void'`,
  `create index escrows_deadline on escrows (claim_deadline) where state <> 'closed'`,
];
