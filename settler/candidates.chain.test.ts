import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createDatabase, type Database } from '../database/connection.ts';
import { migrate } from '../database/migrate.ts';
import { createKey } from '../protocol/sign/key.ts';
import { scriptHashOfBytes } from '../protocol/types/hash.ts';
import { createTestDatabase, type TestDatabase } from '../test/harness/postgres.ts';
import { findCandidates, letRest } from './candidates.ts';

let database: TestDatabase;
let db: Database;
const signer = createKey();
const ESCROWS = 1_200;
const contract = scriptHashOfBytes(new Uint8Array(20));

beforeAll(async () => {
  database = await createTestDatabase();
  await migrate(database.url);
  db = createDatabase(database.url);
  await sql`insert into cursor values (true, 1, 'contract', 0, 9, 'hash', now())`.execute(db);
  await sql`insert into providers (provider, location, operator, deployed_at)
    values ('ours', 'x', ${signer.address}, now()), ('theirs', 'x', null, now())`.execute(db);
  await sql`
    insert into escrows (id, "user", provider, state, amount, rate_per_second, fee_per_call, increment, max_parallel,
      opened_at, ends_at, claim_deadline)
    select id, 'user', case when id % 3 = 0 then 'ours' else 'theirs' end, 'open', 100, 1, 0, 1, 1,
      now(), now() + interval '1 hour', now() + (id % 7) * interval '1 hour'
    from generate_series(1, ${ESCROWS}) as id`.execute(db);
  await sql`
    insert into cdrs (provider, call_id, escrow_id, "user", direction, "from", "to", started_at, answered_at, ended_at,
      disposition, sip_status, content_hash, salt)
    select provider, id, id, 'user', 'outbound', '+1', '+2', now(), now(), now(), 'answered', 200, '\\x00', decode(md5(id::text), 'hex')
    from escrows`.execute(db);
  await sql`insert into ratings (cdr_id, escrow_id, state, billable_seconds, price)
    select id, escrow_id, 'rated', 1, 1 from cdrs`.execute(db);
});
afterAll(async () => {
  await db.destroy();
  await database.drop();
});

async function find(given: Partial<Parameters<typeof findCandidates>[0]> = {}) {
  const found = [];
  for await (const candidate of findCandidates({
    db,
    network: 1,
    contract,
    signer,
    providers: null,
    resting: new Map(),
    ...given,
  }))
    found.push(candidate);
  return found;
}

test('every escrow comes once, over several pages: ours first, of them the nearest deadline', async () => {
  const found = await find();
  expect(new Set(found.map(({ escrow }) => escrow.id)).size).toBe(ESCROWS);
  expect(found).toHaveLength(ESCROWS);
  const order = found.map(({ authorised, escrow }) => [Number(!authorised), escrow.claimDeadline.getTime()] as const);
  expect(order).toEqual(order.toSorted(([a, x], [b, y]) => a - b || x - y));
  expect(found.filter(({ authorised }) => authorised)).toHaveLength(ESCROWS / 3);
  for (const { calls } of found) expect(calls).toHaveLength(1);
});

test('only those of the providers that are served', async () => {
  expect(await find({ providers: ['ours' as never] })).toHaveLength(ESCROWS / 3);
});

test('one that had nothing to claim rests for a while, and comes again', async () => {
  const resting = new Map<bigint, number>();
  const policy = { amount: 1n, minAmount: 0n, maxAgeMs: 1_000_000, beforeDeadlineMs: 500 } as never;
  letRest({ resting, policy }, 3n);
  expect(await find({ resting })).toHaveLength(ESCROWS - 1);
  await new Promise((resolve) => setTimeout(resolve, 60));
  expect(await find({ resting })).toHaveLength(ESCROWS);
  expect(resting.size).toBe(0);
});

test('of a closed escrow it is known who closed it', async () => {
  await sql`insert into blocks select n, 'hash' || n, 'hash', now() + n * interval '1 hour' from generate_series(1, 3) as n`.execute(
    db,
  );
  // 7: by its provider, before the deadline; 14: after it; 21: by a claim; 28: nobody knows
  await sql`update escrows set state = 'closed', claim_deadline = now() + interval '150 minutes' where id in (7, 14, 21, 28)`.execute(
    db,
  );
  await sql`insert into events (height, position, tx_hash, ordinal, name, payload, escrow_id) values
    (2, 0, 'a', 0, 'EscrowSettled', '{}', 8), (2, 1, 'a', 1, 'EscrowClosed', '{}', 7),
    (3, 0, 'b', 0, 'EscrowClosed', '{}', 14),
    (2, 2, 'c', 0, 'EscrowSettled', '{}', 21), (2, 3, 'c', 1, 'EscrowClosed', '{}', 21)`.execute(db);
  const closedBy = new Map((await find()).map((candidate) => [candidate.escrow.id, candidate.closedBy]));
  expect([7n, 14n, 21n, 28n, 1n].map((id) => closedBy.get(id))).toEqual([
    'closedByProvider',
    'refundedAfterDeadline',
    'closedByClaim',
    'escrowClosed',
    null,
  ]);
});

test('a parked escrow is left out until somebody has looked at it', async () => {
  await sql`insert into parked_escrows (escrow_id, reason) values (1, 'why')`.execute(db);
  expect(await find()).toHaveLength(ESCROWS - 1);
  await sql`update parked_escrows set reviewed_seq = 0 where escrow_id = 1`.execute(db);
  expect(await find()).toHaveLength(ESCROWS);
});
