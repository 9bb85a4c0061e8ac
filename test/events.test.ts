import { type AddressInfo, connect, createServer } from 'node:net';
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createClient } from '../protocol/api/client.ts';
import { streamEvents } from '../protocol/api/events.ts';
import { ApiProblem } from '../protocol/api/failure.ts';
import type { Followed } from '../protocol/api/stream.ts';
import { createKey } from '../protocol/sign/key.ts';
import {
  type ApiWorld,
  createApiWorld,
  deployProviders,
  environment,
  hash,
  moveTo,
  type Notification,
  openEscrows,
  timeOf,
  urlOf,
} from './api-world.ts';
import { startService } from './harness/services.ts';
import { openStream, take } from './harness/streams.ts';

let world: ApiWorld;
let height = 0;
const other = createKey();

beforeAll(async () => {
  world = await createApiWorld();
  await deployProviders(world, world.provider, other);
  await openEscrows(world, world.provider, 1);
  await openEscrows({ ...world, user: world.stranger }, other, 2);
  await block();
});
afterAll(() => world.destroy());

async function block(...notifications: Notification[]): Promise<void> {
  height += 1;
  await moveTo(world, height, notifications);
}

const deposit = (account: string, amount = 5): Notification => ({
  name: 'Deposited',
  payload: { account, from: null, amount: String(amount) },
});
const settled = (id: number, seq: number): Notification => ({
  name: 'EscrowSettled',
  payload: { id: String(id), seq: String(seq), amount: '7', seconds: '60', calls: '1', cdrRoot: hash(1), spent: '7' },
  escrowId: BigInt(id),
});

const ids = (events: readonly Followed<unknown>[]) => events.map(({ id }) => id);

test('notifications come as they happen, in the order of the chain and in the shapes of the API', async () => {
  const stream = await openStream(`${world.url}/v1/events`);
  expect([stream.status, stream.headers.get('content-type')]).toEqual([200, 'text/event-stream']);
  expect((await stream.next()).id).toBe(String(height + 1));
  await block(deposit(world.user.address), settled(1, 0));
  const [first, second] = [await stream.next(), await stream.next()];
  expect(first).toEqual({
    event: 'Deposited',
    id: `${height}.0`,
    data: {
      event: 'Deposited',
      height,
      position: 0,
      time: timeOf(height).toISOString(),
      txHash: hash(height),
      account: world.user.address,
      from: null,
      amount: '5',
    },
  });
  expect([second.id, second.event, second.data]).toEqual([
    `${height}.1`,
    'EscrowSettled',
    expect.objectContaining({ id: 1, seq: 0, amount: '7', seconds: 60, calls: 1, position: 1 }),
  ]);
  stream.cut();
});

test('filters: by who is named, by whose escrow it is, and by the escrow', async () => {
  const since = height + 1;
  await block(deposit(world.user.address), deposit(other.address), settled(1, 1), settled(2, 0));
  await block({ name: 'ClaimRejected', payload: { escrowId: '1', seq: '9', code: '3' } }); // a stranger's
  await block(deposit(world.provider.address), settled(1, 2));
  const asked = {
    [`provider=${world.provider.address}`]: ['0.2', '2.0', '2.1'],
    [`user=${world.user.address}`]: ['0.0', '0.2', '2.1'],
    [`provider=${other.address}`]: ['0.1', '0.3'],
    [`provider=${world.provider.address}&user=${world.stranger.address}`]: [],
    'escrow=1': ['0.2', '2.1'],
    'escrow=77': [],
    '': ['0.0', '0.1', '0.2', '0.3', '1.0', '2.0', '2.1'],
  };
  for (const [query, expected] of Object.entries(asked)) {
    const stream = await openStream(`${world.url}/v1/events?since=${since}&${query}`);
    const found = await stream.upTo(({ event }) => event === 'position', { enough: expected.length });
    const names = expected.map((place) => place.replace(/^\d+/, (step) => String(since + Number(step))));
    expect([query, found.map(({ id }) => id)]).toEqual([query, names]);
    stream.cut();
  }
});

test('a stream goes on behind any event, by header or by parameter', async () => {
  const since = height + 1;
  for (let i = 0; i < 4; i += 1) await block(deposit(world.user.address), deposit(world.user.address));
  const api = createClient(world);
  const all = await take(api.follow(streamEvents, { query: { since } }), 8);
  for (const [i, { id }] of all.slice(0, -1).entries()) {
    const rest = all.length - i - 1;
    expect(await take(api.follow(streamEvents, { after: id }), rest)).toEqual(all.slice(i + 1));
    expect(await take(api.follow(streamEvents, { query: { lastEventId: id } }), rest)).toEqual(all.slice(i + 1));
  }
});

test('a place that never was is refused, and one that is no place', async () => {
  for (const id of [`${height + 2}`, `${height + 1}.0`, `${height}.0-7`, '4294967295'])
    expect((await world.get('/v1/events', { 'Last-Event-ID': id })).body).toMatchObject({ code: 'unknownPosition' });
  for (const query of ['lastEventId=x', 'since=-1', 'since=1e3', 'provider=x', 'escrow=0', 'state=open'])
    expect((await world.get(`/v1/events?${query}`)).body).toMatchObject({ code: 'invalidRequest' });
  const refused = take(createClient(world).follow(streamEvents, { after: `${height + 2}` }), 1);
  await expect(refused).rejects.toThrow(ApiProblem);
});

test('what a devnet has lost is told, to who reads and to who was away', async () => {
  await block(deposit(world.user.address, 1));
  const kept = height;
  const api = createClient(world);
  const reader = api.follow(streamEvents, { query: { since: kept }, pace: { pauseMs: 10 } });
  const read = async () => (await reader.next()).value?.id;
  const early = await take(api.follow(streamEvents, { query: { since: kept } }), 1);
  await block(deposit(world.user.address, 2));
  await block(deposit(world.user.address, 3));
  const late = await take(api.follow(streamEvents, { query: { since: kept } }), 3);
  expect([await read(), await read(), await read()]).toEqual(ids(late)); // before it is lost
  await rollBackTo(kept);
  await block(deposit(world.user.address, 4));
  const expected = [`${kept + 1}-1`, `${kept + 1}.0-1`];
  expect([await read(), await read()]).toEqual(expected);
  await reader.return();
  const missed = await take(api.follow(streamEvents, { after: late.at(-1)?.id }), 2);
  expect(ids(missed)).toEqual(expected);
  expect(missed[0]?.item).toEqual({ event: 'rollback', height: kept });
  expect(missed[1]?.item).toMatchObject({ event: 'Deposited', amount: '4' });
  // Nothing that this reader saw was lost.
  expect(ids(await take(api.follow(streamEvents, { after: early[0]?.id }), 1))).toEqual(expected.slice(1));
  expect(ids(await take(api.follow(streamEvents, { after: expected[0] }), 1))).toEqual(expected.slice(1));
});

/** What the indexer does. */
async function rollBackTo(to: number): Promise<void> {
  await world.db.transaction().execute(async (tx) => {
    await tx.deleteFrom('events').where('height', '>', to).execute();
    await tx.deleteFrom('blocks').where('height', '>', to).execute();
    await tx
      .updateTable('cursor')
      .set({ height: to, hash: hash(to), time: timeOf(to) })
      .execute();
    await tx.insertInto('rollbacks').values({ height: to }).execute();
    await sql`select pg_notify('krypton_head', ${String(to)})`.execute(tx);
  });
  height = to;
}

test('a client goes on by itself where its server was killed and comes back', async () => {
  const env = environment(world.databaseUrl, world.redisUrl);
  const first = await startService('api', env);
  const url = await urlOf(first);
  const since = height + 1;
  const events = createClient({ url }).follow(streamEvents, { query: { since }, pace: { pauseMs: 50 } });
  await block(deposit(world.user.address));
  expect((await events.next()).value?.item).toMatchObject({ height: since });
  await first.kill();
  const next = events.next();
  await block(deposit(world.user.address));
  const second = await startService('api', { ...env, KRYPTON_API_PORT: new URL(url).port });
  try {
    expect((await next).value?.item).toMatchObject({ height: since + 1 });
    await block(deposit(world.user.address));
    expect((await events.next()).value?.item).toMatchObject({ height: since + 2 });
  } finally {
    await events.return();
    await second.kill();
  }
});

test('connections to Postgres that break: the stream waits, and goes on', async () => {
  const stream = await openStream(`${world.url}/v1/events`);
  await stream.next();
  for (let round = 0; round < 3; round += 1) {
    await sql`select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and pid <> pg_backend_pid()`.execute(world.db);
    await block(deposit(world.user.address));
    expect(await stream.next()).toMatchObject({ event: 'Deposited', data: { height } });
  }
  stream.cut();
});

test('HEAD tells what would come, and opens nothing', async () => {
  for (let i = 0; i < 30; i += 1) {
    const { status, headers } = await fetch(`${world.url}/v1/events`, { method: 'HEAD' });
    expect([status, headers.get('content-type')]).toEqual([200, 'text/event-stream']);
  }
});

test('a client has so many streams, and a seat is free again when its stream is cut', async () => {
  const env = { ...environment(world.databaseUrl, world.redisUrl), KRYPTON_API_STREAMS_PER_CLIENT: '3' };
  const service = await startService('api', env);
  try {
    const url = `${await urlOf(service)}/v1/events`;
    const open = await Promise.all([openStream(url), openStream(url), openStream(url)]);
    for (const stream of open) await stream.next();
    const refused = await fetch(url);
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '10']);
    expect(await refused.json()).toMatchObject({ code: 'tooManyStreams' });
    open[0]?.cut();
    await expect.poll(async () => (await openStream(url)).status).toBe(200);
  } finally {
    await service.kill();
  }
});

test('a server that stops says so to each reader, and ends at once and in order', async () => {
  const service = await startService('api', environment(world.databaseUrl, world.redisUrl));
  const url = await urlOf(service);
  const streams = await Promise.all(Array.from({ length: 10 }, () => openStream(`${url}/v1/events`)));
  for (const stream of streams) await stream.next();
  const started = Date.now();
  await service.stop();
  expect(Date.now() - started).toBeLessThan(3_000);
  expect([await service.ended, service.log().includes('"level":50')]).toEqual([0, false]);
  for (const stream of streams) {
    expect(await stream.next()).toMatchObject({ event: 'end', data: { code: 'serverStopping' } });
    await expect(stream.next()).rejects.toThrow('the stream is over');
  }
});

test('streams that are idle ask nothing of the database, and what is new is read once for all of them', async () => {
  const way = await openWayToPostgres();
  const env = { ...environment(way.url, world.redisUrl), KRYPTON_API_STREAMS_PER_CLIENT: '2000' };
  const service = await startService('api', env);
  try {
    const url = await urlOf(service);
    const streams = await Promise.all(Array.from({ length: 300 }, () => openStream(`${url}/v1/events`)));
    for (const stream of streams) await stream.next();
    const opened = way.sent();
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    expect(way.sent() - opened).toBeLessThan(20); // now and then it sweeps, and looks for what it may have missed
    const idle = way.sent();
    await block(deposit(world.user.address));
    for (const stream of streams) expect(await stream.next()).toMatchObject({ event: 'Deposited' });
    expect(way.sent() - idle).toBeLessThan(20);
    for (const stream of streams) stream.cut();
  } finally {
    await service.kill();
    way.close();
  }
});

/** Counts what is sent to Postgres: a statement is a chunk, or a few. */
async function openWayToPostgres() {
  const postgres = new URL(world.databaseUrl);
  let chunks = 0;
  const server = createServer((from) => {
    const onward = connect(Number(postgres.port), '127.0.0.1');
    from.on('data', () => (chunks += 1));
    for (const socket of [from, onward]) socket.on('error', () => {});
    from.pipe(onward).pipe(from);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const own = new URL(world.databaseUrl);
  own.port = String((server.address() as AddressInfo).port);
  return { url: own.href, sent: () => chunks, close: () => server.close() };
}
