import { sql } from 'kysely';
import { ConfigError } from '../process/config.ts';
import { describe } from '../process/run.ts';
import type { Database } from './connection.ts';
import { isDatabaseUnavailable, needsPerson } from './errors.ts';

/**
 * At a service's start: one that could never work as things are does not start. A Postgres that is only away (or
 * read-only) is no reason: the service waits for it. @throws ConfigError with what a person has to mend
 */
export async function refuseUnusable(db: Database): Promise<void> {
  try {
    await sql`select 1`.execute(db);
  } catch (error) {
    if (needsPerson(error)) throw new ConfigError(`KRYPTON_DATABASE_URL: Postgres can't be used: ${describe(error)}`);
    if (!isDatabaseUnavailable(error)) throw error;
  }
}
