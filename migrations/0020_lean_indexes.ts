import { type Kysely, sql } from 'kysely';

/** What is written with every claim and call has the indexes that somebody reads, in the order in which they grow. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db);
}

const statements = [
  // Settlements come with growing heights. So each stands at the end of its provider's or user's part, and pages stay
  // full; a reader who wants the newest first goes through it backwards.
  'drop index settlements_provider',
  'drop index settlements_user',
  'create index settlements_provider on settlements (provider, height, position) include (amount)',
  'create index settlements_user on settlements ("user", height, position)',
  // They are read in their order. Nobody looks for those of one CDR.
  'drop index cdr_states_cdr',
];
