import { type Kysely, sql } from 'kysely';

/** An escrow is parked until a person has looked; what was looked at does not park it again. */
export async function up(db: Kysely<unknown>): Promise<void> {
  // claims with a lower seq have been looked at; null: nobody has looked, and the escrow is parked
  await sql`alter table parked_escrows add column reviewed_seq bigint`.execute(db);
}
