import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Kysely, type Migration, Migrator, PostgresDialect, sql } from 'kysely';
import { createPool } from './connection.ts';
import { grantRoles } from './roles.ts';

const folder = join(import.meta.dirname, '..', 'migrations');

/** Any number that nobody else locks in this database. */
const MIGRATION_LOCK = 0x4b52_5950;

/**
 * Brings a database's schema to the newest version and grants the roles. Safe to run at any time, by several at once.
 * Answers the names of the migrations that it ran.
 * @throws where a migration fails: nothing of it stands then
 */
export async function migrate(url: string): Promise<string[]> {
  const db = new Kysely<unknown>({ dialect: new PostgresDialect({ pool: createPool(url, undefined, { max: 1 }) }) });
  try {
    await sql`select pg_advisory_lock(${MIGRATION_LOCK})`.execute(db); // the pool's only connection holds it until it ends
    const { error, results = [] } = await new Migrator({ db, provider: { getMigrations } }).migrateToLatest();
    if (error) throw error;
    await grantRoles(db);
    return results.map((result) => result.migrationName);
  } finally {
    await db.destroy();
  }
}

async function getMigrations(): Promise<Record<string, Migration>> {
  const files = (await readdir(folder)).filter((name) => /^\d{4}_\w+\.ts$/.test(name)).sort();
  return Object.fromEntries(
    await Promise.all(files.map(async (name) => [name.replace('.ts', ''), await import(join(folder, name))])),
  );
}
