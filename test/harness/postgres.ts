import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { inject, onTestFinished } from 'vitest';

export interface TestDatabase {
  /** Owner and superuser of this database. */
  readonly url: string;
  drop(): Promise<void>;
}

/** A database of one's own, empty. Call `drop` in afterAll. */
export async function createTestDatabase(): Promise<TestDatabase> {
  const { postgres } = inject('base');
  const name = `test_${randomBytes(6).toString('hex')}`;
  await asAdministrator(postgres, `create database ${name}`);
  return { url: `${postgres}${name}`, drop: () => asAdministrator(postgres, `drop database ${name} with (force)`) };
}

/** The same for one test, dropped at its end. */
export async function useTestDatabase(): Promise<string> {
  const { url, drop } = await createTestDatabase();
  onTestFinished(drop);
  return url;
}

async function asAdministrator(server: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: `${server}postgres` });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
