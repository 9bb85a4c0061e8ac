import { type Kysely, sql } from 'kysely';
import { ConfigError } from '../process/config.ts';
import { describe } from '../process/describe.ts';
import type { Logger } from '../process/run.ts';
import { waitFor } from '../process/wait.ts';
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
    if (needsPerson(error)) throw unusable(error);
    if (!isDatabaseUnavailable(error)) throw error;
  }
}

/** The same for a process that can do nothing without Postgres: waits until it is there. @throws ConfigError */
export async function waitUntilUsable<DB>(db: Kysely<DB>, log: Pick<Logger, 'warn'>): Promise<void> {
  const isAway = (error: unknown) => isDatabaseUnavailable(error) && !needsPerson(error);
  await waitFor(log, 'Postgres', isAway, () => sql`select 1`.execute(db)).catch((error) => {
    throw needsPerson(error) ? unusable(error) : error;
  });
}

const unusable = (error: unknown) =>
  new ConfigError(`KRYPTON_DATABASE_URL: Postgres can't be used: ${describe(error)}`);
