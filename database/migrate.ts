import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Kysely, type Migration, Migrator, PostgresDialect, sql } from 'kysely';
import { createPool } from './connection.ts';
import { waitUntilUsable } from './first-contact.ts';
import { grantRoles } from './roles.ts';

const folder = join(import.meta.dirname, '..', 'migrations');

/** Any number that nobody else locks in this database. */
const MIGRATION_LOCK = 0x4b52_5950;

/** Tells a person how it goes, a line at a time. */
type Say = (line: string) => void;

/**
 * Brings a database's schema to the newest version and grants the roles, as soon as Postgres can be used. Safe to run at
 * any time, by several at once. However long it takes: a migration has no limit of time. Answers the names of the migrations that it ran.
 * @throws where a migration fails or is killed: nothing of those that were due stands then
 */
export async function migrate(
  url: string,
  say: Say = () => {},
  readMigrations: () => Promise<Record<string, Migration>> = getMigrations,
): Promise<string[]> {
  const pool = createPool(url, undefined, { max: 1, purpose: 'migration' });
  const db = new Kysely<unknown>({ dialect: new PostgresDialect({ pool }) });
  const provider = { getMigrations: async () => told(await readMigrations(), say) };
  try {
    await waitUntilUsable(db, { warn: say });
    await takeLock(db, say); // the pool's only connection holds it until it ends
    const { error, results = [] } = await new Migrator({ db, provider }).migrateToLatest();
    if (error) throw error;
    await db.transaction().execute(grantRoles);
    return results.map((result) => result.migrationName);
  } finally {
    await db.destroy();
  }
}

async function takeLock(db: Kysely<unknown>, say: Say): Promise<void> {
  const { rows } = await sql<{ taken: boolean }>`select pg_try_advisory_lock(${MIGRATION_LOCK}) as taken`.execute(db);
  if (rows[0]?.taken) return;
  say('another migration runs: waiting for its end');
  await sql`select pg_advisory_lock(${MIGRATION_LOCK})`.execute(db);
}

/** The same migrations, which say when they begin and how long they took. */
function told(migrations: Record<string, Migration>, say: Say): Record<string, Migration> {
  const entries = Object.entries(migrations).map(([name, migration]): [string, Migration] => {
    const up = async (db: Kysely<unknown>) => {
      const begin = performance.now();
      say(`${name}: begins`);
      await migration.up(db);
      say(`${name}: ${((performance.now() - begin) / 1000).toFixed(1)} s`);
    };
    return [name, { up }];
  });
  return Object.fromEntries(entries);
}

async function getMigrations(): Promise<Record<string, Migration>> {
  const files = (await readdir(folder)).filter((name) => /^\d{4}_\w+\.ts$/.test(name)).sort();
  return Object.fromEntries(
    await Promise.all(files.map(async (name) => [name.replace('.ts', ''), await import(join(folder, name))])),
  );
}
