import { sql } from 'kysely';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createDatabase, type Database } from '../database/connection.ts';
import { migrate } from '../database/migrate.ts';
import { createKey } from '../protocol/sign/key.ts';
import type { Address } from '../protocol/types/address.ts';
import { scriptHashOfBytes } from '../protocol/types/hash.ts';
import { findCandidates } from '../settler/candidates.ts';
import { park, parkUnknown } from '../settler/park.ts';
import { findUnrated, takeBack } from '../settler/recover.ts';
import { findRefunds } from '../settler/refunds/find.ts';
import { createNotServed } from '../settler/served.ts';
import { krypton, refusal } from './harness/krypton.ts';
import { createTestDatabase, type TestDatabase } from './harness/postgres.ts';
import { eventually } from './harness/world.ts';

let database: TestDatabase;
let db: Database;
const signer = createKey();
const log = { error: () => {}, warn: () => {}, info: () => {} } as never;
const contract = scriptHashOfBytes(new Uint8Array(20));

beforeAll(async () => {
  database = await createTestDatabase();
  await migrate(database.url);
  db = createDatabase(database.url);
  await sql`insert into cursor values (true, 1, 'contract', 0, 9, 'hash', now())`.execute(db);
});
afterAll(async () => {
  await db.destroy();
  await database.drop();
});
beforeEach(async () => {
  await sql`truncate cdrs, escrows, ratings, cdr_states, unrated_cdrs, settlers, claim_checks, settlements, events, blocks, transactions, claims,
    parked_escrows cascade`.execute(db);
});

/** Escrows of a provider, each with so many calls that cost something, or were settled long ago. */
async function fill(
  provider: string,
  ids: [number, number],
  { calls, state = 'rated' }: { calls: number; state?: string },
) {
  await sql`insert into escrows (id, "user", provider, state, amount, rate_per_second, fee_per_call, increment, max_parallel,
      opened_at, ends_at, claim_deadline)
    select id, 'user', ${provider}, 'open', 100, 1, 0, 1, 1, now(), now() + interval '1 hour', now() + interval '2 hours'
    from generate_series(${ids[0]}::integer, ${ids[1]}::integer) as id`.execute(db);
  await sql`insert into cdrs (provider, call_id, escrow_id, "user", direction, "from", "to", started_at, answered_at, ended_at, disposition,
      sip_status, content_hash, salt)
    select ${provider}, id || '-' || n, id, 'user', 'outbound', '+1', '+2', now(), now(), now(), 'answered', 200, '',
      decode(md5(id::text || n), 'hex')
    from generate_series(${ids[0]}::integer, ${ids[1]}::integer) as id, generate_series(1, ${calls}::integer) as n`.execute(
    db,
  );
  await sql`insert into transactions (hash, kind, state, bytes, valid_until_block, system_fee, network_fee)
    values ('0x1', 'settle', 'sealed', '', 1, 0, 0) on conflict do nothing`.execute(db);
  const { rows } = await sql<{ id: bigint }>`
    insert into claims (escrow_id, seq, tx_hash, state, amount, seconds, calls, cdr_root)
    values (0, 0, '0x1', 'void', 1, 1, 1, '0x') returning id`.execute(db);
  await sql`insert into ratings (cdr_id, escrow_id, state, price, claim_id)
    select id, escrow_id, ${state}, 1, ${state === 'settled' ? (rows[0]?.id ?? null) : null}::bigint from cdrs
    where provider = ${provider} and not exists (select from ratings where cdr_id = cdrs.id)`.execute(db);
}

const reasons = async () =>
  (await sql<{ reasonCode: string | null }>`select distinct reason_code from ratings order by 1`.execute(db)).rows.map(
    ({ reasonCode }) => reasonCode,
  );

describe('a round with nothing to do', () => {
  /** Pages of tables and indexes that Postgres has touched so far. */
  const pages = async () => {
    await sql`select pg_stat_force_next_flush()`.execute(db);
    const { rows } = await sql<{ pages: bigint }>`
      select sum(heap_blks_read + heap_blks_hit + idx_blks_read + idx_blks_hit)::bigint as pages from pg_statio_user_tables`.execute(
      db,
    );
    return Number(rows[0]?.pages);
  };

  test('reads the same few pages, however long the history is, without statistics', async () => {
    for (const table of ['cdrs', 'ratings', 'escrows', 'cdr_states', 'unrated_cdrs'])
      await sql`alter table ${sql.table(table)} set (autovacuum_enabled = off)`.execute(db);
    await fill('served', [1, 500], { calls: 100, state: 'settled' });
    const round = async () => {
      const deps = { db, log, network: 1, contract, signer, providers: null, resting: new Map() };
      expect(await findUnrated(deps, 0n)).toEqual([]);
      await takeBack(deps);
      await parkUnknown(deps);
      for await (const candidate of findCandidates(deps))
        throw new Error(`escrow ${candidate.escrow.id} has nothing to claim`);
      expect(await findRefunds(db, { ...deps, restingRefunds: new Map() }, { limit: 64 })).toEqual([]);
    };
    await round();
    const before = await pages();
    for (let i = 0; i < 5; i += 1) await round();
    await new Promise((resolve) => setTimeout(resolve, 1_200)); // other connections tell their figures once a second
    const touched = ((await pages()) - before) / 5;
    // 50,000 calls fill more than 1,000 pages
    expect(touched).toBeLessThan(300);
  }, 60_000);

  test('finds each CDR without a rating, and none with one', async () => {
    await fill('served', [1, 3], { calls: 4 });
    expect(await findUnrated({ db }, 0n)).toEqual([]);
    const { rows } = await sql<{
      id: bigint;
    }>`insert into cdrs (provider, call_id, escrow_id, "user", direction, "from", "to", started_at,
        ended_at, disposition, sip_status, content_hash, salt)
      select 'served', 'new-' || n, 1, 'user', 'outbound', '+1', '+2', now(), now(), 'busy', 486, '', decode(md5(n::text), 'hex')
      from generate_series(1, 3) as n returning id`.execute(db);
    const ids = rows.map(({ id }) => id);
    expect(await findUnrated({ db }, 0n)).toEqual(ids);
    expect(await findUnrated({ db }, ids[0] as bigint)).toEqual(ids.slice(1));
    await sql`insert into ratings (cdr_id, escrow_id, state) values (${ids[1]}, 1, 'rated')`.execute(db);
    expect(await findUnrated({ db }, 0n)).toEqual([ids[0], ids[2]]);
  });
});

describe('a transaction that a roll-back has lost', () => {
  const CHECK_LOCK = 0x5e_a3;
  const stateOf = async () => (await sql<{ state: string }>`select state from transactions`.execute(db)).rows[0]?.state;
  const reach = (height: number) => sql`update cursor set height = ${height}`.execute(db);

  beforeEach(async () => {
    await sql`insert into transactions (hash, kind, state, bytes, valid_until_block, system_fee, network_fee, height)
      values ('0x2', 'settle', 'halted', '', 1, 0, 0, 20)`.execute(db);
    await reach(10);
    await sql`insert into rollbacks (height) values (5)`.execute(db);
  });
  afterEach(() => reach(9));

  test('is judged when the index has come as far', async () => {
    await takeBack({ db, log });
    expect(await stateOf()).toBe('halted');
    await reach(20);
    await takeBack({ db, log });
    expect(await stateOf()).toBe('sealed');
  });

  test('is found though the index comes past its block while it is looked for', async () => {
    const other = createDatabase(database.url);
    let looking: Promise<void> | undefined;
    await other.transaction().execute(async (tx) => {
      await sql`select pg_advisory_xact_lock(${CHECK_LOCK})`.execute(tx);
      looking = takeBack({ db, log }); // has looked, and waits to say that it is done
      const waits = async () =>
        (await sql`select from pg_locks where locktype = 'advisory' and not granted`.execute(db)).rows.length > 0;
      await eventually(waits, 'it waits for the lock');
      await reach(20);
    });
    await looking;
    await takeBack({ db, log });
    expect(await stateOf()).toBe('sealed');
    await other.destroy();
  });
});

describe('krypton settler', () => {
  test('lists parked escrows, and releases one after a person has looked', async () => {
    await fill('a', [1, 1], { calls: 3 });
    await park({ db, log }, 1n, 'its numbers contradict each other');
    const { rows } = await sql<{ cdrId: bigint }>`select cdr_id from ratings order by cdr_id`.execute(db);
    const [paid] = rows.map(({ cdrId }) => String(cdrId));
    const env = { KRYPTON_DATABASE_URL: database.url, KRYPTON_HOME: '.krypton/none' };
    const listed = await krypton(['settler', 'parked'], { env });
    expect(listed.stdout).toMatch(/1 .* 0 .* 3 .*its numbers contradict each other/);
    const release = ['settler', 'release', '1', '--reviewed-seq'];
    expect(await refusal(1, [...release, '1'], { env })).toContain('the index knows 0 accepted claims of escrow 1');
    expect(await refusal(1, [...release, '0', '--paid-elsewhere', '99999'], { env })).toContain('CDR 99999');
    expect(await refusal(1, ['settler', 'release', '2', '--reviewed-seq', '0'], { env })).toContain('is not parked');
    expect(await refusal(2, [...release, 'x'], { env })).toContain('expected a whole number');
    const dry = await krypton([...release, '0', '--dry-run', '--json'], { env });
    expect(JSON.parse(dry.stdout)).toMatchObject({ failed: 0, freed: 3, dryRun: true });
    expect(await reasons()).toEqual(['parked']);
    const released = await krypton([...release, '0', '--paid-elsewhere', paid as string, '--json'], { env });
    expect(JSON.parse(released.stdout)).toMatchObject({ escrowId: 1, failed: 1, freed: 2, dryRun: false });
    expect(await reasons()).toEqual(['paidElsewhere', null]);
    expect((await krypton(['settler', 'parked'], { env })).stdout).toBe('no escrow is parked\n');
  }, 60_000);

  test('says in one line what is missing', async () => {
    expect(await refusal(1, ['settler', 'parked'], { env: { KRYPTON_HOME: '.krypton/none' } })).toContain(
      'no database is known',
    );
    const env = { KRYPTON_DATABASE_URL: 'postgres://127.0.0.1:9/none', KRYPTON_HOME: '.krypton/none' };
    expect(await refusal(1, ['settler', 'parked'], { env })).toContain('ECONNREFUSED');
  });
});

describe('a provider that nobody serves', () => {
  const served = (...providers: string[]) => createNotServed({ db, signer, providers: providers as Address[] });

  test('is told so, and told otherwise once a settler serves it', async () => {
    await fill('a', [1, 2], { calls: 2 });
    await served('b')();
    expect(await reasons()).toEqual(['notServed']);
    const other = served('a');
    await other();
    expect(await reasons()).toEqual([null]);
  });

  test('is not told by one settler while another one serves it', async () => {
    await fill('a', [1, 2], { calls: 2 });
    const [one, other] = [served('a'), served('b')];
    await one();
    for (let i = 0; i < 3; i += 1) for (const tell of [other, one]) await tell();
    expect(await reasons()).toEqual([null]);
    const { rows } = await sql<{
      count: bigint;
    }>`select count(*) from cdr_states where reason_code is not null`.execute(db);
    expect(rows[0]?.count).toBe(0n); // they did not contradict each other in between
    await sql`update settlers set seen_at = now() - interval '10 minutes' where providers = '{a}'`.execute(db);
    await other();
    expect(await reasons()).toEqual(['notServed']);
  });
});

describe('the states of CDRs', () => {
  const states = async () =>
    (
      await sql<{ cdrId: bigint; state: string; price: bigint | null }>`
        select cdr_id, state, reason_code, price, amount, claim_id from cdr_states order by id`.execute(db)
    ).rows;

  test('are rows in order, from each statement that changes one, and from none that does not', async () => {
    await fill('a', [1, 1], { calls: 2 });
    const claim = sql`(select min(id) from claims)`;
    await sql`update ratings set state = 'claimed', amount = 1, claim_id = ${claim}`.execute(db);
    await sql`update ratings set rated_at = now()`.execute(db);
    await sql`update ratings set state = 'settled'`.execute(db);
    const byCdr = Map.groupBy(await states(), ({ cdrId }) => cdrId);
    expect(byCdr.size).toBe(2);
    for (const [, rows] of byCdr)
      expect(rows.map(({ state, price }) => [state, price])).toEqual([
        ['received', null],
        ['rated', 1n],
        ['claimed', 1n],
        ['settled', 1n],
      ]);
  });

  test('of as many calls as a transaction holds are written within the limit of a statement, whatever was planned before', async () => {
    await fill('a', [1, 500], { calls: 100 });
    const own = createDatabase(database.url, 'settler', { max: 1 });
    await sql`update ratings set state = 'failed', reason_code = 'x' where cdr_id = (select min(cdr_id) from ratings)`.execute(
      own,
    );
    const { numAffectedRows } = await sql`update ratings set reason_code = 'tooSmall' where state = 'rated'`.execute(
      own,
    );
    await own.destroy();
    expect(numAffectedRows).toBe(49_999n);
    const { rows } = await sql<{
      count: bigint;
    }>`select count(*) from cdr_states where reason_code = 'tooSmall'`.execute(db);
    expect(rows[0]?.count).toBe(49_999n);
  }, 120_000);

  test('go with the change that they tell of, or not at all', async () => {
    await fill('a', [1, 1], { calls: 1 });
    const before = await states();
    await expect(
      db.transaction().execute(async (tx) => {
        await sql`update ratings set reason_code = 'tooSmall'`.execute(tx);
        throw new Error('rolled back');
      }),
    ).rejects.toThrow('rolled back');
    expect(await states()).toEqual(before);
  });

  test.each(['api', 'settler', 'indexer'] as const)('can be written by no process: %s', async (role) => {
    const own = createDatabase(database.url, role);
    for (const change of [
      'delete from cdr_states',
      `update cdr_states set state = 'x'`,
      `insert into cdr_states (cdr_id, state) values (1, 'x')`,
    ])
      await expect(sql.raw(change).execute(own)).rejects.toThrow('permission denied');
    await own.destroy();
  });

  test('come in order though many change one CDR at once', async () => {
    await fill('a', [1, 1], { calls: 1 });
    await Promise.all(
      Array.from({ length: 20 }, (_, n) => sql`update ratings set reason_code = ${`code-${n}`}`.execute(db)),
    );
    const { rows } = await sql<{ last: string; now: string }>`
      select (select reason_code from cdr_states order by id desc limit 1) as last, (select reason_code from ratings) as now`.execute(
      db,
    );
    expect(rows[0]?.last).toBe(rows[0]?.now);
    expect(await states()).toHaveLength(22);
  });
});
