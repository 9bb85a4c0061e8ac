import fc from 'fast-check';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createDatabase, type Database } from '../database/connection.ts';
import { migrate } from '../database/migrate.ts';
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

const providers = ['a', 'b', 'c'];
const states = ['rejected', 'rated', 'claimed', 'settled', 'failed'] as const;

/** One statement of several rows, as the indexer and the settler write them. */
type Step =
  | { kind: 'settle'; claims: { provider: string | null; accepted: boolean; calls: number }[] }
  | { kind: 'rollBack'; keep: number }
  | { kind: 'rate'; calls: { provider: string; answered: boolean; state: (typeof states)[number]; price: number }[] }
  | { kind: 'change'; state: (typeof states)[number]; modulus: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    kind: fc.constant('settle' as const),
    claims: fc.array(
      fc.record({
        provider: fc.constantFrom(null, ...providers),
        accepted: fc.boolean(),
        calls: fc.integer({ min: 1, max: 9 }),
      }),
      { maxLength: 6 },
    ),
  }),
  fc.record({ kind: fc.constant('rollBack' as const), keep: fc.nat(20) }),
  fc.record({
    kind: fc.constant('rate' as const),
    calls: fc.array(
      fc.record({
        provider: fc.constantFrom(...providers),
        answered: fc.boolean(),
        state: fc.constantFrom('rejected' as const, 'rated' as const),
        price: fc.constantFrom(0, 0, 5),
      }),
      { maxLength: 6 },
    ),
  }),
  fc.record({
    kind: fc.constant('change' as const),
    state: fc.constantFrom(...states),
    modulus: fc.integer({ min: 1, max: 4 }),
  }),
);

async function clear(): Promise<void> {
  await sql`truncate events, blocks, settlements, provider_settlements, provider_calls, provider_rejections, ratings, cdrs, claims,
    transactions cascade`.execute(db);
  await sql`insert into transactions (hash, kind, state, bytes, valid_until_block, system_fee, network_fee)
    values ('0x1', 'settle', 'sealed', '', 1, 0, 0)`.execute(db);
  await sql`insert into claims (id, escrow_id, seq, tx_hash, state, amount, seconds, calls, cdr_root)
    overriding system value values (1, 1, 0, '0x1', 'sealed', 1, 1, 1, '0x')`.execute(db);
}

let height = 0;
let calls = 0;

async function run(given: Step): Promise<void> {
  if (given.kind === 'settle') {
    height += 1;
    const rows = JSON.stringify(given.claims.map((claim, position) => ({ ...claim, position })));
    const claims = sql`jsonb_to_recordset(${rows}::jsonb) as r (provider text, accepted boolean, calls bigint, position integer)`;
    await sql`insert into blocks values (${height}, '0x', '0x', now())`.execute(db);
    await sql`insert into events (height, position, tx_hash, ordinal, name, payload)
      select ${height}, position, ${`0x${height}`}, position, 'x', '{}' from ${claims}`.execute(db);
    await sql`insert into settlements (height, position, tx_hash, time, escrow_id, seq, provider, accepted, code, calls, seconds, cdr_root)
      select ${height}, position, 'x', now(), ${height}, position, provider, accepted, case when not accepted then 4 end,
        case when accepted then calls end, case when accepted then 10 * calls end, case when accepted then '0x' end
      from ${claims}`.execute(db);
  } else if (given.kind === 'rollBack') {
    await sql`delete from settlements where height > ${given.keep}`.execute(db);
  } else if (given.kind === 'rate') {
    const rows = JSON.stringify(given.calls.map((call) => ({ ...call, id: String(calls++) })));
    const rated = sql`jsonb_to_recordset(${rows}::jsonb) as r (provider text, answered boolean, state text, price bigint, id text)`;
    await sql`insert into cdrs (provider, call_id, escrow_id, "user", direction, "from", "to", started_at, ended_at, disposition,
        sip_status, content_hash, salt)
      select provider, id, 1, 'user', 'outbound', '1', '2', now(), now(), case when answered then 'answered' else 'busy' end, 200,
        '', decode(md5(id), 'hex')
      from ${rated}`.execute(db);
    await sql`insert into ratings (cdr_id, escrow_id, state, price, reason_code)
      select cdrs.id, 1, r.state, r.price, case when r.state = 'rejected' then 'x' end
      from ${rated} join cdrs on cdrs.call_id = r.id`.execute(db);
  } else {
    const { state, modulus } = given;
    await sql`update ratings set state = ${state}, reason_code = ${['rejected', 'failed'].includes(state) ? 'x' : null},
      claim_id = ${['claimed', 'settled'].includes(state) ? 1n : null}
      where cdr_id % ${modulus} = 0 and not is_never_paid(state, price) and state <> 'superseded'`.execute(db);
    await sql`update ratings set state = 'superseded' where cdr_id % ${modulus + 1} = 0 and is_never_paid(state, price)`.execute(
      db,
    );
  }
}

/** The same figures, summed up anew. */
async function expectCounted(): Promise<void> {
  const counted = async (query: ReturnType<typeof sql>) => (await query.execute(db)).rows;
  expect(await counted(sql`select * from provider_settlements where claims <> 0 order by provider`)).toEqual(
    await counted(sql`select provider, coalesce(sum(calls), 0)::bigint as calls, coalesce(sum(seconds), 0)::bigint as seconds,
      count(*) as claims, count(*) filter (where not accepted) as rejected_claims
      from settlements where provider is not null group by provider order by provider`),
  );
  expect(
    await counted(sql`select * from provider_calls where answered <> 0 or unanswered <> 0 order by provider`),
  ).toEqual(
    await counted(sql`select provider, count(*) filter (where disposition = 'answered') as answered,
      count(*) filter (where disposition <> 'answered') as unanswered
      from cdrs join ratings on cdr_id = cdrs.id where state = 'settled' or (state = 'rated' and price = 0)
      group by provider order by provider`),
  );
}

describe("a provider's rows", () => {
  test('say what a sum over everything says, whatever was inserted, changed and taken back', async () => {
    await fc.assert(
      fc
        .asyncProperty(fc.array(step, { minLength: 1, maxLength: 12 }), async (steps) => {
          for (const each of steps) await run(each);
          await expectCounted();
        })
        .beforeEach(async () => {
          height = 0;
          await clear();
        }),
      { numRuns: 40 },
    );
  }, 60_000);

  test('are right though several settlers rate the same providers at the same time', async () => {
    await clear();
    const rate: Step = {
      kind: 'rate',
      calls: ['c', 'a', 'b', 'a'].map((provider) => ({ provider, answered: true, state: 'rated' as const, price: 0 })),
    };
    await Promise.all(Array.from({ length: 40 }, () => run(rate)));
    await expectCounted();
  });

  test('count what was rejected by its day', async () => {
    await clear();
    await run({
      kind: 'rate',
      calls: providers.map((provider) => ({ provider, answered: true, state: 'rejected', price: 0 })),
    });
    await run({ kind: 'rate', calls: [{ provider: 'a', answered: true, state: 'rejected', price: 0 }] });
    const { rows } = await sql`select provider, calls from provider_rejections
      where day = (now() at time zone 'UTC')::date order by provider`.execute(db);
    expect(rows).toEqual([
      { provider: 'a', calls: 2n },
      { provider: 'b', calls: 1n },
      { provider: 'c', calls: 1n },
    ]);
  });
});
