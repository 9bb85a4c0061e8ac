import { type Kysely, sql } from 'kysely';

/** Lists are read in the order of an index, however long they are. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db);
}

const statements = [
  // in byte order, whatever the database's collation
  'create index providers_address on providers (provider collate "C")',
  'create index providers_location on providers ((lower(location)) collate "C", provider collate "C")',
  `create index escrows_live on escrows ("user", id) where state <> 'closed'`,
];
