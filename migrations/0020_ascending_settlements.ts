import { type Kysely, sql } from 'kysely';

/**
 * Settlements come with growing heights. An index in the same order takes each at the end of its provider's or user's
 * part, and its pages stay full; a reader who wants the newest first goes through it backwards.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db);
}

const statements = [
  'drop index settlements_provider',
  'drop index settlements_user',
  'create index settlements_provider on settlements (provider, height, position) include (amount)',
  'create index settlements_user on settlements ("user", height, position)',
];
