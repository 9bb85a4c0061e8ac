import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createKey } from '../protocol/sign/key.ts';
import { type ApiWorld, createApiWorld, deployProviders, moveTo, timeOf } from './api-world.ts';
import { eventually } from './harness/world.ts';

/** Answers are kept until a block changes them: what is sent says itself which block it holds as of. */
let world: ApiWorld;
const path = (user = world.user) => `/query/uuid/${user.address}`;
const [first, second] = [randomUUID(), randomUUID()];

beforeAll(async () => {
  world = await createApiWorld();
  await moveTo(world, 5);
  await deployProviders(world, world.provider);
  await register(first);
  await moveTo(world, 6, [{ name: 'UserRegistered', payload: {} }]);
  await eventually(keeps, 'the process has looked at the block');
});
afterAll(() => world.destroy());

/** Of one of whom nobody has asked yet. */
async function keeps(): Promise<boolean> {
  const probe = createKey();
  await register(first, probe);
  await world.get(path(probe));
  await register(second, probe);
  return (await world.get(path(probe))).body.value === first;
}

async function register(uuid: string, user = world.user): Promise<void> {
  const { provider, db } = world;
  await db
    .insertInto('registrations')
    .values({
      user: user.address,
      provider: provider.address,
      uuid,
      registeredAt: timeOf(1),
      height: 1,
      position: 0,
    })
    .onConflict((conflict) => conflict.columns(['user', 'provider']).doUpdateSet({ uuid }))
    .execute();
}

/** Until the process has heard of the block. */
const asOf = (height: number, headers: Record<string, string> = {}) =>
  eventually(async () => {
    const found = await world.get(path(), headers);
    return found.headers.get('krypton-height') === String(height) ? found : null;
  }, `an answer as of block ${height}`);

test('an answer stays through blocks that hold nothing of ours, and is named as of the newest', async () => {
  const before = await asOf(6);
  expect(before.body.value).toBe(first);
  await register(second); // no block says so: nobody but the indexer writes this
  expect((await world.get(path())).body.value).toBe(first);
  await moveTo(world, 7);
  const after = await asOf(7);
  expect(after.body.value).toBe(first);
  expect(after.headers.get('etag')).not.toBe(before.headers.get('etag'));
});

test('it has the same headers, whichever way it goes', async () => {
  const kept = await world.get(path());
  const routed = await world.get(path(), { 'min-height': '1' });
  const names = ['content-type', 'content-length', 'krypton-height', 'etag', 'cache-control', 'x-content-type-options'];
  for (const name of [...names, 'ratelimit-policy'])
    expect([name, kept.headers.get(name)]).toEqual([name, routed.headers.get(name)]);
  expect(routed.body).toEqual(kept.body);
  const page = await world.get(path(), { origin: 'https://phone.test' });
  expect(page.headers.get('access-control-allow-origin')).toBe('*');
  for (const headers of [{}, { 'min-height': '1' }] as Record<string, string>[]) {
    const known = await world.get(path(), { ...headers, 'if-none-match': kept.headers.get('etag') as string });
    expect([known.status, known.body]).toEqual([304, '']);
  }
});

test('a block in which calls are paid changes nobody’s registration, but balances and escrows', async () => {
  const { db, user } = world;
  const balance = async () => (await world.get(`/v1/users/${user.address}`)).body.balance;
  const setBalance = (amount: bigint) =>
    db
      .insertInto('balances')
      .values({ account: user.address, balance: amount })
      .onConflict((conflict) => conflict.column('account').doUpdateSet({ balance: amount }))
      .execute();
  await setBalance(5n);
  expect(await balance()).toBe('5');
  await setBalance(7n);
  expect(await balance()).toBe('5');
  await moveTo(world, 8, [{ name: 'EscrowSettled', payload: {} }]);
  expect((await asOf(8)).body.value).toBe(first);
  expect(await balance()).toBe('7');
});

test('a block with an event of the registry throws it away, and one that nobody knows of', async () => {
  await moveTo(world, 9, [{ name: 'UserRegistered', payload: {} }]);
  expect((await asOf(9)).body.value).toBe(second);
  await register(first);
  await moveTo(world, 10, [{ name: 'OfALaterContract', payload: {} }]);
  expect((await asOf(10)).body.value).toBe(first);
  await register(second);
  await moveTo(world, 11, [{ name: 'ProviderRelocated', payload: {} }]);
  expect((await asOf(11)).body.value).toBe(second);
});

test('so does a chain that has lost its last blocks, or has others in their place', async () => {
  expect((await world.get(path())).body.value).toBe(second);
  await register(first);
  await goBack(10);
  expect((await asOf(10)).body.value).toBe(first);
  await register(second);
  await sql`update blocks set hash = '0xother' where height = 10`.execute(world.db);
  await moveTo(world, 12);
  expect((await asOf(12)).body.value).toBe(second);
});

/** As a devnet's node does that was killed. */
async function goBack(height: number): Promise<void> {
  await world.db.transaction().execute(async (tx) => {
    await sql`delete from events where height > ${height}`.execute(tx);
    await sql`delete from blocks where height > ${height}`.execute(tx);
    await sql`update cursor set height = ${height}, hash = (select hash from blocks where height = ${height})`.execute(
      tx,
    );
    await sql`select pg_notify('krypton_head', ${String(height)})`.execute(tx);
  });
}

test('and the same block announced again: the state was derived anew', async () => {
  expect((await world.get(path())).body.value).toBe(second);
  await register(first);
  await sql`select pg_notify('krypton_head', '12')`.execute(world.db);
  await eventually(async () => (await world.get(path())).body.value === first, 'the answer is read anew');
});

test('and a block after a state that was derived anew, even if nobody heard of that', async () => {
  const kept = (await world.get(path())).body.value;
  const other = kept === first ? second : first;
  await register(other);
  await sql`update cursor set generation = generation + 1`.execute(world.db);
  await moveTo(world, 13);
  expect((await asOf(13)).body.value).toBe(other);
});

test('what is not there is not kept, and neither is what others than the indexer write', async () => {
  const stranger = createKey();
  expect((await world.get(`/query/uuid/${stranger.address}`)).status).toBe(404);
  const one = `/v1/providers/${world.provider.address}`;
  expect((await world.get(one)).body.stats.answeredRatio).toBeNull();
  await sql`insert into provider_calls values (${world.provider.address}, 1, 1)`.execute(world.db);
  expect((await world.get(one)).body.stats.answeredRatio).toBe(0.5);
});
