import { execFile } from 'node:child_process';
import { type AddressInfo, connect, createServer } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createDatabase, createPool, type Database, databaseOf } from '../database/connection.ts';
import { isDatabaseUnavailable } from '../database/errors.ts';
import { migrate } from '../database/migrate.ts';
import { type Role, writes } from '../database/roles.ts';
import { insertRows } from '../database/rows.ts';
import { repository } from '../stack/folder.ts';
import { createTestDatabase, type TestDatabase } from './harness/postgres.ts';

let database: TestDatabase;
let db: Database;

beforeAll(async () => {
  database = await createTestDatabase();
  await migrate(database.url);
  db = createDatabase(database.url);
});
afterAll(async () => {
  await db.destroy();
  await database.drop();
});

test('migrating again, and twice at once, changes nothing', async () => {
  expect(await Promise.all([migrate(database.url), migrate(database.url)])).toEqual([[], []]);
});

test('migrating waits, and says so, until Postgres takes connections', async () => {
  const { hostname, port } = new URL(database.url);
  let refusals = 0;
  const starting = createServer((socket) => {
    socket.on('error', () => undefined);
    if (refusals++ < 1) return socket.destroy();
    const server = connect(Number(port), hostname).on('error', () => socket.destroy());
    return socket.pipe(server).pipe(socket);
  });
  await new Promise<void>((resolve) => starting.listen(0, '127.0.0.1', resolve));
  const said: string[] = [];
  const { port: near } = starting.address() as AddressInfo;
  expect(await migrate(database.url.replace(port, String(near)), (line) => said.push(line))).toEqual([]);
  expect(said.join()).toContain('waiting for Postgres');
  starting.close();
});

test('the committed types are those of the schema', async () => {
  const args = ['--config-file', 'database/codegen.json', '--url', database.url, '--verify'];
  await promisify(execFile)(join(repository, 'node_modules', '.bin', 'kysely-codegen'), args, { cwd: repository });
});

describe('a role', () => {
  const tables = Object.values(writes).flat();
  test.each(Object.keys(writes) as Role[])('%s writes its own tables only', async (role) => {
    const own = createDatabase(database.url, role);
    for (const table of tables) {
      const attempt =
        sql`update ${sql.table(table)} set ${sql.ref(await firstColumn(table))} = ${sql.ref(await firstColumn(table))}`.execute(
          own,
        );
      const mayChange =
        (writes[role] as readonly string[]).includes(table) && !['cdrs', 'cdr_conflicts'].includes(table);
      if (mayChange && table !== 'cursor') await expect(attempt).resolves.toBeDefined();
      if (!mayChange) await expect(attempt, `${role} ${table}`).rejects.toThrow('permission denied');
      const reading = sql`select count(*) from ${sql.table(table)}`.execute(own);
      if (table === 'request_nonces' && role !== 'api') await expect(reading).rejects.toThrow('permission denied');
      else await expect(reading).resolves.toBeDefined();
    }
    await own.destroy();
  });

  /** One that is not an identity, which nobody may set. */
  async function firstColumn(table: string): Promise<string> {
    const { rows } = await sql<{ columnName: string }>`
      select column_name from information_schema.columns
      where table_name = ${table} and is_identity = 'NO' order by ordinal_position limit 1`.execute(db);
    return rows[0]?.columnName as string;
  }
});

describe('rows inserted in one statement', () => {
  const balance = (account: string, amount: bigint) => ({ account, balance: amount });
  const insert = (rows: object[], standing?: Parameters<typeof insertRows>[3]) =>
    db.transaction().execute((tx) => insertRows(tx, 'balances', rows as never, standing));
  const read = async () =>
    Object.fromEntries(
      (await db.selectFrom('balances').selectAll().orderBy('account').execute()).map((row) => [
        row.account,
        row.balance,
      ]),
    );

  test('keep money beyond 2^53, and treat a row that stands as they are told', async () => {
    await insert([balance('a', 2n ** 63n - 1n), balance('b', 1n)]);
    await insert([balance('a', 5n), balance('c', 3n)], { overwrite: ['account'] });
    await insert([balance('b', 9n), balance('d', 4n)], 'skip');
    await expect(insert([balance('a', 0n)])).rejects.toThrow('duplicate key');
    await insert([]);
    expect(await read()).toEqual({ a: 5n, b: 1n, c: 3n, d: 4n });
    await expect(insert([balance('e', -1n)])).rejects.toThrow('check constraint');
  });
});

test('a server that falls silent is given up, and connected to anew', async () => {
  const { hostname, port } = new URL(database.url);
  let silent = false;
  const proxy = createServer((socket) => {
    const server = connect(Number(port), hostname);
    socket.pipe(server).on('error', () => socket.destroy());
    server.on('data', (bytes) => !silent && socket.write(bytes)).on('error', () => socket.destroy());
    socket.on('error', () => server.destroy());
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  const through = database.url.replace(port, String((proxy.address() as AddressInfo).port));
  const pool = createPool(through, undefined, { answerLimitMs: 300 });
  const far = databaseOf(pool);
  const ask = () => far.transaction().execute((tx) => sql`select 1`.execute(tx));
  await ask();
  silent = true;
  const error = await ask().catch((refusal: unknown) => refusal);
  expect(isDatabaseUnavailable(error), String(error)).toBe(true);
  expect(pool.totalCount).toBe(0);
  silent = false;
  await ask();
  await far.destroy();
  proxy.close();
});
