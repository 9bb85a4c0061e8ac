import { type Kysely, sql } from 'kysely';

/**
 * A hold that is extended, and the version of its escrow, are written over and over: each time in their own page,
 * without a new entry in any index. A page keeps room for that.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db);
}

const statements = [
  // A column of a B-tree moves the row; one of a BRIN index does not, from PostgreSQL 16 on. The sweep alone looks there.
  'drop index holds_until',
  'create index holds_until on holds using brin (hold_until) with (autosummarize = on)',
  'alter table holds set (fillfactor = 70)',
  'alter table hold_versions set (fillfactor = 70)',
];
