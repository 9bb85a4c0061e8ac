import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createDatabase, type Database, type Tx } from '../database/connection.ts';
import { getCdr } from '../protocol/api/cdrs.ts';
import { createClient } from '../protocol/api/client.ts';
import { type CdrEvent, streamCdrEvents } from '../protocol/api/events.ts';
import { ApiProblem } from '../protocol/api/failure.ts';
import type { Followed } from '../protocol/api/stream.ts';
import { signRequest } from '../protocol/sign/http-signature.ts';
import type { Signer } from '../protocol/sign/signer.ts';
import { type ApiWorld, cdrOf, createApiWorld, deployProviders, hash, moveTo, openEscrows } from './api-world.ts';
import { type OpenStream, openStream, take } from './harness/streams.ts';

let world: ApiWorld;
beforeAll(async () => {
  world = await createApiWorld();
  await moveTo(world, 1);
  await deployProviders(world, world.provider, world.stranger);
  await openEscrows(world, world.provider, 1, 2);
  await openEscrows({ ...world, user: world.stranger }, world.provider, 3);
});
afterAll(() => world.destroy());

type Query = { escrowId?: number };

const follow = (signer: Signer, after?: string, query: Query = {}) =>
  createClient({ url: world.url, signer }).follow(streamCdrEvents, { after, query });

/** Hands in a CDR; answers its id. */
async function submit(given: Record<string, unknown> = {}, provider = world.provider): Promise<number> {
  const { body } = await world.signed(provider, '/v1/cdrs', { body: { cdrs: [cdrOf(world.user, given)] } });
  return body.cdrs[0].id;
}

const terms = {
  ratePerSecond: '10',
  feePerCall: '5',
  increments: { initial: 6, further: 6 },
  tariffHash: null,
  entry: null,
};

/** Two calls of one escrow are rated one after the other. */
const rate = (db: Database | Tx, cdrId: number, escrowId = 1n) =>
  db
    .insertInto('ratings')
    .values({ cdrId: BigInt(cdrId), escrowId, state: 'rated', price: 605n, explanation: terms })
    .execute();

const told = (events: readonly Followed<CdrEvent>[]) => events.map(({ item: { id, state } }) => [id, state]);

async function newest(): Promise<string> {
  const { rows } = await sql<{ id: bigint }>`select coalesce(max(id), 0) as id from cdr_states`.execute(world.db);
  return String(rows[0]?.id);
}

test('each change of state comes as it happens, as the CDR itself has it', async () => {
  const all = take(follow(world.provider, await newest()), 4);
  const id = await submit();
  await rate(world.db, id);
  const transaction = { kind: 'settle' as const, validUntilBlock: 9, systemFee: 1n, networkFee: 1n };
  await world.db
    .insertInto('transactions')
    .values({ ...transaction, hash: hash(9), state: 'sealed', bytes: Buffer.alloc(1) })
    .execute();
  const claim = { escrowId: 1n, seq: 0n, txHash: hash(9), cdrRoot: hash(4), amount: 600n, seconds: 60n, calls: 1n };
  const { id: claimId } = await world.db
    .insertInto('claims')
    .values({ ...claim, state: 'sealed' })
    .returning('id')
    .executeTakeFirstOrThrow();
  const change = (given: Record<string, unknown>) =>
    world.db.updateTable('ratings').set(given).where('cdrId', '=', BigInt(id)).execute();
  await change({ state: 'claimed', amount: 600n, reasonCode: 'capped', claimId });
  await world.db.updateTable('claims').set({ state: 'accepted' }).execute();
  await world.db.updateTable('transactions').set({ state: 'halted', height: 1 }).execute();
  await change({ state: 'settled' });

  const events = await all;
  expect(told(events)).toEqual(['received', 'rated', 'claimed', 'settled'].map((state) => [id, state]));
  expect(events.map(({ item }) => [item.price, item.paid, item.claim?.seq ?? null, item.txHash])).toEqual([
    [null, null, null, null],
    ['605', null, null, null],
    ['605', null, 0, hash(9)],
    ['605', '600', 0, hash(9)],
  ]);
  const { at, reason, ...last } = (events as [unknown, unknown, unknown, Followed<CdrEvent>])[3].item;
  expect(await createClient({ url: world.url, signer: world.user }).call(getCdr, { params: { id } })).toMatchObject(
    last,
  );
  expect(reason).toMatch(/^paid as far as/);
  expect(Date.parse(at)).toBeGreaterThan(Date.now() - 60_000);
});

test('each sees what GET /v1/cdrs shows them: providers their own, users the calls of their own escrows', async () => {
  const after = await newest();
  const own = await submit({ escrowId: 2 });
  const foreign = await submit({ escrowId: 3 }); // names the user, and is another user's escrow
  const invented = await submit({ escrowId: 1 }, world.stranger); // of a provider who does not have it
  const last = await submit({ escrowId: 1 });
  const seen = async (signer: Signer, count: number, query: Query = {}) =>
    (await take(follow(signer, after, query), count)).map(({ item }) => item.id);
  expect(await seen(world.provider, 3)).toEqual([own, foreign, last]);
  expect(await seen(world.user, 2)).toEqual([own, last]);
  expect(await seen(world.user, 1, { escrowId: 1 })).toEqual([last]);
  expect(await seen(world.stranger, 1)).toEqual([invented]);
  const [users, strangers] = [await openSigned(world.user), await openSigned(world.stranger)];
  await submit({ escrowId: 3 });
  const [next, another] = [await submit({ escrowId: 2 }), await submit({}, world.stranger)];
  expect([(await users.next()).data.id, (await strangers.next()).data.id]).toEqual([next, another]);
  users.cut();
  strangers.cut();
});

/** A stream that has begun. */
async function openSigned(signer: Signer): Promise<OpenStream> {
  const url = `${world.url}/v1/cdrs/events`;
  const stream = await openStream(url, await signRequest({ method: 'GET', url }, signer));
  expect(await stream.next()).toMatchObject({ event: 'position' });
  return stream;
}

test('nobody reads unsigned, or from a place that never was', async () => {
  expect((await world.get('/v1/cdrs/events')).body.code).toBe('signatureMissing');
  const beyond = String(BigInt(await newest()) + 1n);
  const refused = take(follow(world.provider, beyond), 1);
  await expect(refused).rejects.toThrow(ApiProblem);
  await expect(take(follow(world.provider, beyond), 1)).rejects.toThrow('unknownPosition');
  expect((await world.signed(world.provider, '/v1/cdrs/events?lastEventId=1.2')).body.code).toBe('invalidRequest');
});

test('a later change waits for an earlier one that is not committed yet, and comes behind it', async () => {
  const [one, two] = [await submit(), await submit({ escrowId: 2 })];
  const live = follow(world.provider, await newest());
  const first = await begin();
  await rate(first.tx, one);
  await rate(world.db, two, 2n);
  const next = live.next();
  expect(await within(1_500, next)).toBe('nothing');
  await first.commit();
  expect(told([await itemOf(next), await itemOf(live.next())])).toEqual([
    [one, 'rated'],
    [two, 'rated'],
  ]);
  await live.return();
});

test('a later change waits for an earlier one that will never be, and comes alone', async () => {
  const [one, two] = [await submit(), await submit({ escrowId: 2 })];
  const live = follow(world.provider, await newest());
  const first = await begin();
  await rate(first.tx, one);
  await rate(world.db, two, 2n);
  const next = live.next();
  expect(await within(1_500, next)).toBe('nothing');
  await first.rollback();
  expect(told([await itemOf(next)])).toEqual([[two, 'rated']]);
  await live.return();
});

const within = (ms: number, work: Promise<unknown>) =>
  Promise.race([work, new Promise((resolve) => setTimeout(resolve, ms, 'nothing'))]);

async function itemOf<T>(next: Promise<IteratorResult<T, void>>): Promise<T> {
  const { done, value } = await next;
  if (done) throw new Error('the stream is over');
  return value;
}

test('a long transaction that does not write states holds nobody up', async () => {
  const long = await begin();
  await sql`insert into request_nonces (key_id, nonce, expires_at) values ('long', 'long', now())`.execute(long.tx);
  await sql`select count(*) from cdr_states`.execute(long.tx);
  const after = await newest();
  const next = take(follow(world.provider, after), 1);
  const started = performance.now();
  const id = await submit();
  expect(told(await next)).toEqual([[id, 'received']]);
  expect(performance.now() - started).toBeLessThan(2_000);
  await long.rollback();
});

/** A transaction on a connection of its own, which ends when it is told to. */
async function begin() {
  const db = createDatabase(world.databaseUrl);
  const tx = await db.startTransaction().execute();
  const end = (how: 'commit' | 'rollback') => async () => {
    await tx[how]().execute();
    await db.destroy();
  };
  return { tx, commit: end('commit'), rollback: end('rollback') };
}

test('a party that was away for long gets its own out of many', async () => {
  const after = await newest();
  const id = await submit();
  await sql`
    insert into cdrs (provider, call_id, escrow_id, "user", direction, "from", "to", started_at, ended_at, disposition,
      sip_status, content_hash, salt)
    select ${world.stranger.address}, 'many' || i, 9, ${world.stranger.address}, 'outbound', 'a', 'b', now(), now(), 'busy',
      486, sha256(i::text::bytea), substr(sha256(i::text::bytea), 1, 16)
    from generate_series(1, 45000) as i`.execute(world.db);
  const last = await submit();
  expect(told(await take(follow(world.provider, after), 2))).toEqual([
    [id, 'received'],
    [last, 'received'],
  ]);
});
