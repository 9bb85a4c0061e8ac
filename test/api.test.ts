import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { escrowSchema } from '../protocol/api/escrows.ts';
import { listOf } from '../protocol/api/page.ts';
import { problemSchema } from '../protocol/api/problem.ts';
import { providerSchema } from '../protocol/api/providers.ts';
import { queryFailedSchema, queryFoundSchema } from '../protocol/api/query.ts';
import { transactionSchema } from '../protocol/api/settlements.ts';
import { healthSchema, statusSchema } from '../protocol/api/status.ts';
import { userSchema } from '../protocol/api/users.ts';
import { createKey } from '../protocol/sign/key.ts';
import { type ApiWorld, contract, createApiWorld, hash, moveTo, timeOf } from './api-world.ts';

let world: ApiWorld;
const uuid = randomUUID();
const [second, gone] = [createKey(), createKey()];

beforeAll(async () => {
  world = await createApiWorld();
});
afterAll(() => world.destroy());

test('before the first block: not ready, and it says so', async () => {
  for (const path of ['/v1/status', '/v1/providers', `/query/uuid/${world.user.address}`]) {
    const { status, body, headers } = await world.get(path);
    expect([status, body.code]).toEqual([503, 'indexNotReady']);
    expect(headers.get('retry-after')).toBe('1');
  }
  expect((await world.get('/readyz')).status).toBe(503);
  expect((await world.get('/healthz')).status).toBe(200);
});

describe('over an index', () => {
  beforeAll(() => fill(world));

  test('query answers in the original shapes', async () => {
    const { user, provider, stranger } = world;
    const found = await world.get(`/query/uuid/${user.address}`);
    expect(found.status).toBe(200);
    expect(queryFoundSchema.strict().parse(found.body)).toEqual({
      status: 'success',
      type: 'uuid',
      address: user.address,
      code: 200,
      value: uuid,
    });
    expect((await world.get(`/query/provider/${user.address}`)).body.value).toBe(provider.address);
    expect((await world.get(`/query/location/${user.address}`)).body.value).toBe('sip.example.org');
    const missing = await world.get(`/query/uuid/${stranger.address}`);
    expect(missing.status).toBe(404);
    expect(queryFailedSchema.strict().parse(missing.body)).toEqual({
      status: 'failed',
      type: 'uuid',
      address: stranger.address,
      code: 404,
      message: 'Not Found',
    });
    for (const address of ['nobody', `${user.address}x`, 'a%2Fb']) {
      const { status, body } = await world.get(`/query/uuid/${address}`);
      expect([status, body.code, body.message]).toEqual([400, 400, 'Invalid Address']);
    }
    expect((await world.get(`/query/name/${user.address}`)).body.message).toBe('Invalid Type');
  });

  test('status', async () => {
    const { status, body, headers } = await world.get('/v1/status');
    expect(status).toBe(200);
    expect(statusSchema.parse(body)).toMatchObject({
      network: inject('base').network,
      contract,
      deployedAt: 1,
      indexHeight: 12,
    });
    expect(body.nodeHeight).toBeGreaterThanOrEqual(0);
    expect(body.lag).toBe(body.nodeHeight < 12 ? null : body.nodeHeight - 12);
    expect(headers.get('krypton-height')).toBe('12');
  });

  test('a provider, with what the chain says of it', async () => {
    const { status, body } = await world.get(`/v1/providers/${world.provider.address}`);
    expect(status).toBe(200);
    expect(providerSchema.parse(body)).toEqual({
      address: world.provider.address,
      location: 'sip.example.org',
      tariff: { uri: 'https://example.org/deck', hash: hash(7), matches: false },
      operator: world.stranger.address,
      deployedAt: timeOf(1).toISOString(),
      undeployedAt: null,
      stats: { settledCalls: 4, answeredRatio: 0.5, meanSeconds: 15, rejectedClaims: 1 },
      price: null,
    });
    const undeployed = await world.get(`/v1/providers/${gone.address}`);
    expect(undeployed.body).toMatchObject({ undeployedAt: timeOf(3).toISOString(), operator: null, tariff: null });
    expect(undeployed.body.stats).toEqual({
      settledCalls: null,
      answeredRatio: null,
      meanSeconds: null,
      rejectedClaims: null,
    });
    const listed = await world.get('/v1/providers?state=undeployed');
    expect(listed.body.items).toEqual([undeployed.body]);
    expect((await world.get(`/v1/providers/${world.user.address}`)).body.code).toBe('unknownProvider');
  });

  test('providers are searched, sorted and paged', async () => {
    const all = async (query: string) => {
      const { status, body } = await world.get(`/v1/providers?${query}`);
      expect(status).toBe(200);
      return listOf(providerSchema).parse(body);
    };
    const addresses = [world.provider.address, second.address].sort();
    expect((await all('')).items.map((item) => item.address)).toEqual(addresses);
    expect((await all('state=any')).items).toHaveLength(3);
    expect((await all('q=EXAMPLE.org')).items.map((item) => item.address)).toEqual([world.provider.address]);
    expect((await all(`q=${second.address}`)).items).toHaveLength(1);
    expect((await all('q=%25')).items).toHaveLength(0);
    for (const sort of ['address', '-address', 'location', '-location', 'deployedAt', '-deployedAt']) {
      const whole = await all(`state=any&sort=${sort}`);
      const walked: string[] = [];
      for (let next: string | null = ''; next !== null; ) {
        const page: { items: { address: string }[]; next: string | null } = await all(
          `state=any&sort=${sort}&limit=1${next && `&cursor=${next}`}`,
        );
        walked.push(...page.items.map((item) => item.address));
        next = page.next;
      }
      expect(walked).toEqual(whole.items.map((item) => item.address));
    }
    expect((await all('sort=-deployedAt')).items.map((item) => item.address)).toEqual([
      second.address,
      world.provider.address,
    ]);
  });

  test('a user; an address that was never seen is one with nothing', async () => {
    const { body } = await world.get(`/v1/users/${world.user.address}`);
    const user = userSchema.parse(body);
    expect(user).toMatchObject({ address: world.user.address, balance: '9007199254740993' });
    expect(user.registrations).toEqual([
      { provider: world.provider.address, uuid, location: 'sip.example.org', registeredAt: timeOf(4).toISOString() },
      { provider: gone.address, uuid, location: null, registeredAt: timeOf(2).toISOString() },
    ]);
    expect(user.escrows.map(({ id }) => id)).toEqual([2, 1]);
    const unseen = await world.get(`/v1/users/${createKey().address}`);
    expect(unseen.body).toMatchObject({ balance: '0', registrations: [], escrows: [] });
    expect(unseen.status).toBe(200);
  });

  test('an escrow with its history', async () => {
    const { body, status } = await world.get('/v1/escrows/1');
    expect(status).toBe(200);
    expect(escrowSchema.parse(body)).toEqual({
      id: 1,
      user: world.user.address,
      provider: world.provider.address,
      state: 'open',
      amount: '100000',
      spent: '600',
      refunded: null,
      ratePerSecond: '10',
      feePerCall: '5',
      increment: 6,
      maxParallel: 2,
      seq: 2,
      seconds: 60,
      calls: 4,
      openedAt: timeOf(5).toISOString(),
      endsAt: timeOf(1000).toISOString(),
      claimDeadline: timeOf(2000).toISOString(),
      voucherKey: world.user.publicKey,
      history: [
        {
          event: 'EscrowOpened',
          height: 5,
          time: timeOf(5).toISOString(),
          txHash: hash(500),
          id: 1,
          amount: '100000',
          maxParallel: 2,
          endsAt: timeOf(1000).toISOString(),
          voucherKey: world.user.publicKey,
        },
        {
          event: 'EscrowSettled',
          height: 8,
          time: timeOf(8).toISOString(),
          txHash: hash(800),
          id: 1,
          seq: 0,
          amount: '200',
        },
      ],
    });
    expect((await world.get('/v1/escrows/99')).body.code).toBe('unknownEscrow');
  });

  test('escrows by user, provider and state, paged', async () => {
    const ids = async (query: string) => {
      const { body } = await world.get(`/v1/escrows?${query}`);
      return listOf(escrowSchema)
        .parse(body)
        .items.map(({ id }) => id);
    };
    expect(await ids('')).toEqual([3, 2, 1]);
    expect(await ids('state=closed')).toEqual([3]);
    expect(await ids(`user=${world.user.address}&provider=${second.address}`)).toEqual([2]);
    expect(await ids(`user=${world.stranger.address}`)).toEqual([]);
    const first = await world.get('/v1/escrows?limit=2');
    expect(await ids(`limit=2&cursor=${first.body.next}`)).toEqual([1]);
    expect((await world.get('/v1/escrows?limit=3')).body.next).toBeNull();
  });

  test('settlements by transaction', async () => {
    const one = await world.get(`/v1/settlements/${hash(800)}`);
    const transaction = transactionSchema.parse(one.body);
    expect(transaction).toMatchObject({ txHash: hash(800), height: 8, time: timeOf(8).toISOString() });
    expect(transaction.claims).toEqual([
      {
        escrowId: 1,
        provider: world.provider.address,
        user: world.user.address,
        seq: 0,
        amount: '200',
        seconds: 20,
        calls: 2,
        cdrRoot: hash(1),
        accepted: true,
        code: null,
      },
      {
        escrowId: 2,
        provider: second.address,
        user: world.user.address,
        seq: 0,
        amount: '1',
        seconds: 1,
        calls: 1,
        cdrRoot: hash(1),
        accepted: true,
        code: null,
      },
      {
        escrowId: -1,
        provider: null,
        user: null,
        seq: 7,
        amount: null,
        seconds: null,
        calls: null,
        cdrRoot: null,
        accepted: false,
        code: 2,
      },
    ]);
    expect((await world.get(`/v1/settlements/${hash(1)}`)).body.code).toBe('unknownTransaction');
  });

  test('settlements by provider, user and time, paged', async () => {
    const list = async (query: string) => {
      const { body, status } = await world.get(`/v1/settlements?${query}`);
      expect(status).toBe(200);
      const { items, next } = listOf(transactionSchema).parse(body);
      return { next, heights: items.map(({ height, claims }) => `${height}:${claims.length}`) };
    };
    expect((await list('')).heights).toEqual(['9:2', '8:3']);
    expect((await list(`provider=${world.provider.address}`)).heights).toEqual(['9:2', '8:1']);
    expect((await list(`user=${world.user.address}`)).heights).toEqual(['9:2', '8:2']);
    expect((await list(`since=${timeOf(9).toISOString()}`)).heights).toEqual(['9:2']);
    expect((await list(`until=${timeOf(9).toISOString().replace('Z', '+00:00')}`)).heights).toEqual(['8:3']);
    const { next, heights } = await list('limit=1');
    expect(heights).toEqual(['9:2']);
    expect(await list(`limit=1&cursor=${next}`)).toEqual({ next: null, heights: ['8:3'] });
  });

  test('an answer names its height, and is not sent twice', async () => {
    const { headers } = await world.get('/v1/escrows/1');
    const etag = headers.get('etag') ?? '';
    expect(etag).toContain('12-');
    for (const known of [etag, etag.replace('W/', ''), `"x", ${etag}`]) {
      const again = await world.get('/v1/escrows/1', { 'If-None-Match': known });
      expect([again.status, again.body, again.headers.get('krypton-height')]).toEqual([304, '', '12']);
    }
    expect((await world.get('/v1/escrows/1', { 'If-None-Match': '"1-2"' })).status).toBe(200);
    const missing = await world.get('/v1/escrows/99');
    expect([missing.headers.get('krypton-height'), missing.headers.get('etag')]).toEqual(['12', null]);
  });

  test('a request waits for the block that it names', async () => {
    const { headers } = await world.get('/v1/escrows/1');
    expect((await world.get('/v1/escrows/1', { 'Min-Height': '12' })).status).toBe(200);
    const waiting = world.get('/v1/escrows/1', { 'Min-Height': '13', 'If-None-Match': headers.get('etag') ?? '' });
    await new Promise((resolve) => setTimeout(resolve, 300));
    await moveTo(world, 13);
    const after = await waiting;
    expect([after.status, after.headers.get('krypton-height')]).toEqual([200, '13']);
    const late = await world.get('/v1/escrows/1', { 'Min-Height': '1000000' });
    expect([late.status, late.body.code]).toEqual([503, 'heightNotReached']);
    expect((await world.get('/v1/escrows/1', { 'Min-Height': 'soon' })).body.code).toBe('invalidRequest');
  }, 40_000);

  test.each([
    ['/v1/providers/nobody', 'address'],
    ['/v1/users/NbUgTSFvPmsRxmGeWpuuGeJUoRoi6PErcN', 'address'],
    ['/v1/escrows/0', 'id'],
    ['/v1/escrows/1e3', 'id'],
    ['/v1/escrows/9999999999999999', 'id'],
    ['/v1/escrows?state=gone', 'state'],
    ['/v1/escrows?limit=0', 'limit'],
    ['/v1/escrows?limit=1001', 'limit'],
    ['/v1/escrows?limit=-1', 'limit'],
    ['/v1/escrows?limit=1&limit=2', 'limit'],
    ['/v1/escrows?cursor=AAAA', 'cursor'],
    ['/v1/escrows?usr=x', 'usr'],
    ['/v1/providers?dest=3120', 'dest'],
    ['/v1/providers?sort=price', 'sort'],
    ['/v1/settlements?since=yesterday', 'since'],
    ['/v1/settlements?since=2026-02-30T00:00:00Z', 'since'],
    ['/v1/settlements/0x12', 'txHash'],
  ])('refused, naming the field: %s', async (path, field) => {
    const { status, body, headers } = await world.get(path);
    expect([status, headers.get('content-type')]).toEqual([400, 'application/problem+json']);
    expect(problemSchema.parse(body)).toMatchObject({ code: 'invalidRequest', status: 400 });
    expect(body.errors.map(({ path: at }: { path: string }) => at)).toContain(field);
  });

  test('ready once the index keeps up', async () => {
    const { body } = await world.get('/readyz');
    expect(healthSchema.parse(body).checks).toMatchObject({ postgres: 'ok', redis: 'ok' });
  });
});

async function fill(to: ApiWorld): Promise<void> {
  const { db, provider, user, stranger } = to;
  for (let height = 1; height <= 12; height += 1) await moveTo(to, height);
  const plain = { tariffUri: null, tariffHash: null, operator: null, undeployedAt: null };
  await db
    .insertInto('providers')
    .values([
      {
        provider: provider.address,
        location: 'sip.example.org',
        operator: stranger.address,
        deployedAt: timeOf(1),
        tariffUri: 'https://example.org/deck',
        tariffHash: hash(7),
        undeployedAt: null,
      },
      { ...plain, provider: second.address, location: 'voip.example.net', deployedAt: timeOf(2) },
      {
        ...plain,
        provider: gone.address,
        location: 'was.example.com',
        deployedAt: timeOf(1),
        undeployedAt: timeOf(3),
        operator: stranger.address,
      },
    ])
    .execute();
  const registration = { user: user.address, uuid, position: 0 };
  await db
    .insertInto('registrations')
    .values([
      { ...registration, provider: gone.address, registeredAt: timeOf(2), height: 2 },
      { ...registration, provider: provider.address, registeredAt: timeOf(4), height: 4 },
    ])
    .execute();
  await db.insertInto('balances').values({ account: user.address, balance: 9007199254740993n }).execute();
  const escrow = {
    user: user.address,
    provider: provider.address,
    state: 'open' as const,
    amount: 100000n,
    spent: 600n,
    refunded: null,
    ratePerSecond: 10n,
    feePerCall: 5n,
    increment: 6,
    maxParallel: 2,
    openedAt: timeOf(5),
    endsAt: timeOf(1000),
    claimDeadline: timeOf(2000),
    voucherKey: user.publicKey,
    seq: 2n,
    seconds: 60n,
    calls: 4n,
  };
  await db
    .insertInto('escrows')
    .values([
      { ...escrow, id: 1n },
      { ...escrow, id: 2n, provider: second.address, state: 'closing', voucherKey: null },
      { ...escrow, id: 3n, state: 'closed', refunded: 99400n },
    ])
    .execute();
  await fillSettlements(to);
  await fillCdrs(to);
}

async function fillSettlements({ db, provider, user }: ApiWorld): Promise<void> {
  const opened = {
    id: '1',
    amount: '100000',
    maxParallel: '2',
    endsAt: String(timeOf(1000).getTime()),
    voucherKey: `0x${user.publicKey}`,
  };
  const events = [
    { height: 5, position: 0, txHash: hash(500), name: 'EscrowOpened', payload: opened, escrowId: 1n },
    {
      height: 8,
      position: 0,
      txHash: hash(800),
      name: 'EscrowSettled',
      payload: { id: '1', seq: '0', amount: '200' },
      escrowId: 1n,
    },
    { height: 8, position: 1, txHash: hash(800), name: 'EscrowSettled', payload: {}, escrowId: null },
    { height: 8, position: 2, txHash: hash(800), name: 'ClaimRejected', payload: {}, escrowId: null },
    { height: 9, position: 0, txHash: hash(900), name: 'EscrowSettled', payload: {}, escrowId: null },
    { height: 9, position: 1, txHash: hash(900), name: 'ClaimRejected', payload: {}, escrowId: null },
  ];
  await db
    .insertInto('events')
    .values(events.map((event) => ({ ...event, ordinal: event.position })))
    .execute();
  const claim = { provider: provider.address, user: user.address, accepted: true, code: null, cdrRoot: hash(1) };
  const rejected = { accepted: false, amount: null, seconds: null, calls: null, cdrRoot: null };
  const eighth = { height: 8, txHash: hash(800), time: timeOf(8) };
  const ninth = { height: 9, txHash: hash(900), time: timeOf(9) };
  await db
    .insertInto('settlements')
    .values([
      { ...claim, ...eighth, position: 0, escrowId: 1n, seq: 0n, amount: 200n, seconds: 20n, calls: 2n },
      {
        ...claim,
        ...eighth,
        position: 1,
        escrowId: 2n,
        seq: 0n,
        amount: 1n,
        seconds: 1n,
        calls: 1n,
        provider: second.address,
      },
      { ...eighth, ...rejected, position: 2, escrowId: -1n, seq: 7n, code: 2, provider: null, user: null },
      { ...claim, ...ninth, position: 0, escrowId: 1n, seq: 1n, amount: 400n, seconds: 40n, calls: 2n },
      { ...claim, ...ninth, ...rejected, position: 1, escrowId: 1n, seq: 1n, code: 4 },
    ])
    .execute();
}

/** Two calls that count for the answered ratio, one of them answered; and a rejected one. */
async function fillCdrs({ db, provider, user }: ApiWorld): Promise<void> {
  const call = {
    provider: provider.address,
    user: user.address,
    escrowId: 1n,
    direction: 'outbound' as const,
    from: 'a',
    to: 'b',
    startedAt: timeOf(6),
    endedAt: timeOf(7),
    sipStatus: 200,
    contentHash: Buffer.alloc(32),
    salt: Buffer.alloc(16),
  };
  const rows = await db
    .insertInto('cdrs')
    .values([
      { ...call, callId: 'one', disposition: 'answered', answeredAt: timeOf(6) },
      { ...call, callId: 'two', disposition: 'busy', answeredAt: null },
      { ...call, callId: 'three', disposition: 'answered', answeredAt: timeOf(6) },
    ])
    .returning('id')
    .execute();
  const [one, two, three] = rows.map(({ id }) => ({ cdrId: id, escrowId: 1n }));
  if (!one || !two || !three) throw new Error('three rows went in');
  const free = { price: 0n, amount: 0n };
  await db
    .insertInto('ratings')
    .values([
      { ...one, ...free, state: 'rated' },
      { ...two, ...free, state: 'rated' },
      { ...three, price: 0n, amount: null, state: 'rejected', reasonCode: 'unknownEscrow', reason: 'no such escrow' },
    ])
    .execute();
}
