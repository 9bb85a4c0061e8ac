import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import pg from 'pg';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { createDatabase, createPool, type Database } from '../database/connection.ts';
import { migrate } from '../database/migrate.ts';
import { insertRows } from '../database/rows.ts';
import { startCursor } from '../indexer/store.ts';
import type { BlockHash, ScriptHash } from '../protocol/types/hash.ts';
import { answer, cdrOf, createApiWorld, deployProviders, environment, signedRequest, urlOf } from './api-world.ts';
import { createTestDatabase, type TestDatabase } from './harness/postgres.ts';
import { startService } from './harness/services.ts';

let database: TestDatabase;
let admin: Database;

beforeAll(async () => {
  database = await createTestDatabase();
  await migrate(database.url);
  admin = createDatabase(database.url);
});
beforeEach(() => alter('reset all'));
afterAll(async () => {
  await admin.destroy();
  await database.drop();
});

/** For connections that come later. */
const alter = (change: string) =>
  sql.raw(`alter database ${new URL(database.url).pathname.slice(1)} ${change}`).execute(admin);

/** Odd, and nowhere refused: each could stand in somebody's server. */
const odd: Record<string, string> = {
  client_encoding: 'LATIN1',
  TimeZone: 'Asia/Kathmandu',
  DateStyle: 'SQL, DMY',
  IntervalStyle: 'sql_standard',
  bytea_output: 'escape',
  extra_float_digits: '-15',
  xmlbinary: 'hex',
  array_nulls: 'off',
  standard_conforming_strings: 'off',
  transform_null_equals: 'on',
  search_path: 'nowhere',
  row_security: 'on',
  session_replication_role: 'replica',
  default_transaction_isolation: 'serializable',
  default_transaction_deferrable: 'on',
  lock_timeout: '60',
  statement_timeout: '60',
  idle_in_transaction_session_timeout: '60',
  transaction_timeout: '60',
  idle_session_timeout: '60',
  synchronous_commit: 'off',
};

test.each(Object.entries(odd))(
  'a server with an odd %s (%s): all is written and read as it is',
  async (name, value) => {
    const setting = async (db: Database) => {
      const { rows } = await sql<{ value: string }>`select current_setting(${name}, true) as value`.execute(db);
      return rows[0]?.value;
    };
    if ((await setting(admin)) === null) return; // a Postgres without it
    await alter(`set ${name} = ${name === 'search_path' ? value : `'${value}'`}`);
    const [indexer, settler] = [createDatabase(database.url, 'indexer'), createDatabase(database.url, 'settler')];
    try {
      expect((await setting(indexer))?.toLowerCase()).not.toMatch(new RegExp(`^${value}(ms)?$`, 'i'));
      await writeAndRead(indexer, settler);
    } finally {
      await Promise.all([indexer.destroy(), settler.destroy()]);
      await sql`truncate blocks, cursor, transactions cascade`.execute(admin);
    }
  },
);

/** What indexer and settler do: times, bytes, text, money, lists, slow statements and locks that others hold. */
async function writeAndRead(indexer: Database, settler: Database): Promise<void> {
  const time = new Date('2026-03-04T05:06:07.089Z');
  const [hash, previousHash] = ['0xé€'.padEnd(66, '0') as BlockHash, '0x00' as BlockHash];
  const chain = { network: 860_833_102, contract: '0x01' as ScriptHash, deployedAt: 1 };
  await startCursor(indexer, { height: 1, hash, previousHash, time, ...chain });
  expect(await indexer.selectFrom('cursor').selectAll().executeTakeFirst()).toMatchObject({ height: 1, hash, time });

  const bytes = Buffer.from([0, 92, 120, 39, 255, 128]);
  const row = { hash: "0x\\'NULL", kind: 'settle', state: 'sealed', bytes, validUntilBlock: 7 };
  const rows = [{ ...row, systemFee: 2n ** 63n - 1n, networkFee: 0n, sealedAt: time }];
  await settler.transaction().execute(async (tx) => {
    await insertRows(tx, 'transactions', rows);
    await sql`select pg_sleep(0.08)`.execute(tx);
    await sleep(80);
  });
  await sleep(80);
  const found = settler
    .selectFrom('transactions')
    .selectAll()
    .where('hash', '=', sql<never>`any(${[row.hash, null]})`);
  expect(await found.execute()).toMatchObject(rows);

  // another one holds the row for a while, and commits meanwhile: that is seen, and not refused
  const held = admin.transaction().execute(async (tx) => {
    await sql`update transactions set network_fee = 5`.execute(tx);
    await sleep(150);
  });
  await sleep(50);
  const { rows: changed } = await sql<{ networkFee: bigint }>`
    update transactions set network_fee = network_fee + 1 returning network_fee`.execute(settler);
  await held;
  expect(changed[0]?.networkFee).toBe(6n);
}

test('all of them odd at once, for the login as well: the API takes CDRs and shows them as they were sent', async () => {
  const world = await createApiWorld();
  const name = new URL(world.databaseUrl).pathname.slice(1);
  for (const [setting, value] of Object.entries(odd)) {
    const change = `set ${setting} = ${setting === 'search_path' ? value : `'${value}'`}`;
    await sql.raw(`alter role postgres in database ${name} ${change}`).execute(world.db).catch(unknownSetting);
  }
  await deployProviders(world, world.provider);
  const service = await startService('api', environment(world.databaseUrl, world.redisUrl));
  try {
    const url = await urlOf(service);
    const cdr = cdrOf(world.user, { to: 'sip:bjørn@example.org' });
    const post = async (body: unknown) =>
      answer(await fetch(await signedRequest(url, world.provider, '/v1/cdrs', { body })));
    const verdicts = async (sent: object) => (await post({ cdrs: [sent] })).body.cdrs[0].verdict;
    expect(await verdicts(cdr)).toBe('accepted');
    expect(await verdicts(cdr)).toBe('duplicate');
    expect((await post({ cdrs: [{ ...cdr, sipStatus: 201 }] })).status).toBe(409);
    const read = await answer(await fetch(await signedRequest(url, world.provider, '/v1/cdrs')));
    expect(read.body.items[0]).toMatchObject({
      to: cdr.to,
      startedAt: cdr.startedAt,
      answeredAt: '2026-01-01T12:00:05.250Z',
    });
  } finally {
    await service.kill();
    await world.destroy();
  }
});

function unknownSetting(error: unknown): void {
  if (!(error instanceof pg.DatabaseError && error.code === '42704')) throw error; // a Postgres without it
}

test('rows that a policy would hide are an error, never silently missing', async () => {
  await sql`alter table escrows enable row level security`.execute(admin);
  const pool = createPool(database.url, 'settler', { max: 1 });
  try {
    await expect(pool.query('select * from escrows')).rejects.toMatchObject({ code: '42501' });
  } finally {
    await pool.end();
    await sql`alter table escrows disable row level security`.execute(admin);
  }
});
