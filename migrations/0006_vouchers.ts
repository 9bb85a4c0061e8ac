import { type Kysely, sql } from 'kysely';

/**
 * A voucher can be handed in without a CDR, as long as its escrow can be claimed from: the highest one of each escrow
 * is kept.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table vouchers (
      escrow_id bigint primary key,
      total bigint not null check (total > 0),
      signature text not null,
      received_at timestamptz not null default now()
    )`.execute(db);
}
