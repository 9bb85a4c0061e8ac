import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { promisify } from 'node:util';
import { bytesToHex } from '@noble/hashes/utils.js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { listCdrs } from '../protocol/api/cdrs.ts';
import { createClient } from '../protocol/api/client.ts';
import { canonicalRateDeck, rateDeckHash } from '../protocol/call/rate-deck.ts';
import { delegate, writeDelegation } from '../protocol/sign/delegation.ts';
import { createKey, type Key } from '../protocol/sign/key.ts';
import { signRegistration } from '../protocol/sign/registration.ts';
import { signVoucher } from '../protocol/sign/voucher.ts';
import { bytesOfHex } from '../protocol/types/bytes.ts';
import { datoshi } from '../protocol/types/datoshi.ts';
import { createFundedAccount } from './harness/accounts.ts';
import { type ProviderWorld, startLimitMs, startProviderWorld } from './harness/provider.ts';
import { eventually, openEscrow } from './harness/world.ts';

/** The wallet service on the real chain and API; the test asks what Kamailio asks. */
let world: ProviderWorld;
beforeAll(async () => {
  world = await startProviderWorld({}, {}, undefined, {
    concurrent: { warn: 20, refuse: 100 },
    total: { warn: 2, refuse: 900 },
  });
}, startLimitMs);
afterAll(() => world?.stopAll());

type Registration = { user?: Key; connection?: string; device?: string; headers?: Record<string, string> };

async function register({ user = world.user as Key, connection = 'ws:1', device, headers = {} }: Registration = {}) {
  const { status, body } = await world.ask('/register', { user: user.address, connection, device, headers });
  expect([status, body]).toEqual([200, expect.anything()]);
  return body as { allowed: boolean; status: number; headers: Record<string, string> };
}
const reasonOf = async (given: Registration) => (await register(given)).headers['X-Krypton-Reason'];
const nonceFor = async (given: Registration) => (await register(given)).headers['X-Krypton-Nonce'] as string;
const terms = (nonce: string) => {
  return { network: world.network, contract: world.contract, provider: world.provider.address, nonce };
};

async function signed(key: Key, nonce: string): Promise<Record<string, string>> {
  const { signature } = await signRegistration(key, terms(nonce));
  return { key: key.publicKey, signature: bytesToHex(signature) };
}

describe('registration', () => {
  test('who asks is given a nonce, and told whom and what to register with', async () => {
    expect(await register()).toMatchObject({
      allowed: false,
      status: 401,
      headers: {
        'X-Krypton-Nonce': expect.stringMatching(/^[0-9a-f-]{36}$/),
        'X-Krypton-Provider': world.provider.address,
        'X-Krypton-Network': String(world.network),
        'X-Krypton-Contract': world.contract,
      },
    });
  });

  test('by the token that the user has put on the chain, once, and then by the session', {
    timeout: 120_000,
  }, async () => {
    const user = await createFundedAccount();
    const uuid = await nonceFor({ user });
    expect(await reasonOf({ user, headers: { token: uuid } })).toBe('notRegistered');
    await world.send(user, 'register', { user: user.address, provider: world.provider.address, uuid });
    expect(await reasonOf({ user, connection: 'ws:2', headers: { token: uuid } })).toBe('wrongNonce');
    const registered = await register({ user, headers: { token: uuid } });
    expect(registered).toMatchObject({ allowed: true, status: 200, headers: { 'X-Krypton-Voucher-Interval': '10' } });
    expect(await reasonOf({ user, headers: { token: uuid } })).toBe('wrongNonce');
    const session = registered.headers['X-Krypton-Session'] as string;
    expect(await register({ user, connection: 'ws:3', headers: { session } })).toMatchObject({ allowed: true });
    expect(await reasonOf({ connection: 'ws:3', headers: { session } })).toBe('sessionUnknown');
    expect(await reasonOf({ user, headers: { session: `${session}x` } })).toBe('sessionUnknown');

    await world.restart();
    expect(await register({ user, headers: { session } })).toMatchObject({ allowed: true });
    await world.send(user, 'unregister', { user: user.address, provider: world.provider.address });
    expect(await reasonOf({ user, headers: { session } })).toMatch(/notRegistered|sessionUnknown/);
  });

  test('by a signature, once, of this key for this provider on this connection', async () => {
    const nonce = await nonceFor({ connection: 'ws:9' });
    const headers = await signed(world.user as Key, nonce);
    expect(await reasonOf({ connection: 'ws:2', headers })).toBe('wrongNonce');
    expect(await reasonOf({ connection: 'ws:9', headers: { ...headers, network: '1' } })).toBe('otherNetwork');
    expect(await reasonOf({ connection: 'ws:9', headers: { ...headers, provider: createKey().address } })).toBe(
      'otherProvider',
    );
    expect(await reasonOf({ connection: 'ws:9', headers: { ...headers, signature: 'ff' } })).toBe('malformed');
    expect(await register({ connection: 'ws:9', headers })).toMatchObject({ allowed: true });
    expect(await reasonOf({ connection: 'ws:9', headers })).toBe('wrongNonce');
  });

  test('by a delegated key, and then by its session', async () => {
    const device = createKey();
    const notAfter = Date.now() + 3_600_000;
    const made = (scope: 1 | 2) => delegate(world.user, { ...terms(''), delegate: device.publicKey, notAfter, scope });
    const shown = async (scope: 1 | 2) => {
      return { ...(await signed(device, await nonceFor({}))), delegation: writeDelegation(await made(scope)) };
    };
    expect(await reasonOf({ headers: await shown(1) })).toBe('delegationOutOfScope');
    const { headers: told } = await register({ headers: await shown(2), device: 'phone' });
    const session = told['X-Krypton-Session'] as string;
    expect(await register({ headers: { session } })).toMatchObject({ allowed: true });
  });

  test('a device that registers anew has one session', async () => {
    const session = async () =>
      (await register({ device: 'one', headers: await signed(world.user as Key, await nonceFor({})) })).headers[
        'X-Krypton-Session'
      ] as string;
    const [first, second] = [await session(), await session()];
    expect(await reasonOf({ headers: { session: first } })).toBe('sessionUnknown');
    expect(await register({ headers: { session: second } })).toMatchObject({ allowed: true });
  });

  test('of one address from one source again and again is refused, and of nobody else', async () => {
    const asked = (port: number, source = '192.0.2.9') => reasonOf({ connection: `udp:${source}:${port}` });
    const said = await Promise.all(Array.from({ length: 64 }, (_, port) => asked(port)));
    expect(new Set(said)).toEqual(new Set(['tooMany', 'ask']));
    expect(said.filter((each) => each === 'ask')).toHaveLength(60);
    expect(await asked(99, '192.0.2.10')).toBe('ask');
    const neighbour = { user: createKey(), connection: 'udp:192.0.2.9:1' };
    expect(await reasonOf(neighbour)).toBe('ask');
  });

  test('nobody without the secret is answered', async () => {
    const response = await fetch(`${world.url}/register`, { method: 'POST', body: '{}' });
    expect(response.status).toBe(401);
    expect((await fetch(`${world.url}/healthz`)).status).toBe(200);
  });
});

const seconds = (ms: number) => (ms / 1000).toFixed(3);
/** As Kamailio's accounting engine writes it. */
const endOf = (callId: string, start: number, ms: number) => {
  const [start_time, end_time, duration] = [seconds(start), seconds(start + ms), seconds(ms)];
  return { kind: 'ended', callId, start_time, end_time, duration, status: '200', by: 'caller' };
};
const callOf = (given: Record<string, unknown> = {}) => ({
  method: 'INVITE',
  callId: randomUUID(),
  fromTag: 'tag',
  request: '1:1',
  sender: { kind: 'user', user: world.user.address },
  called: '+31201234567',
  ...given,
});

describe('a call', () => {
  test('is allowed by the chain, recorded to the millisecond, handed in, claimed and paid as computed', {
    timeout: 120_000,
  }, async () => {
    const id = await openEscrow(world, 10_000_000n);
    const call = callOf({ escrow: String(id) });
    const { body: permitted } = await world.ask('/call', call);
    expect(permitted).toMatchObject({ allowed: true, callId: call.callId, maxSeconds: 300, isCharged: true });
    const start = Date.now();
    await world.ask('/reports', {
      reports: [{ kind: 'answered', callId: call.callId, entry: 1, id: 2, at: seconds(start) }],
    });
    const ended = endOf(call.callId, start, 6_001);
    expect((await world.ask('/reports', { reports: [ended, ended] })).body).toEqual({ results: ['recorded', 'known'] });
    // 6,001 ms at an increment of 6 s: 12 s, and the fee of each call
    const price = 5_000n + 12n * 1_000n;
    const escrow = await eventually(async () => {
      const found = await world.reader.escrow(id);
      return found && found.spent > 0n ? found : null;
    }, 'the claim on chain');
    expect([escrow.spent, escrow.seconds, escrow.calls]).toEqual([price, 12n, 1n]);
    expect(await world.reader.balanceOf(world.provider.address)).toBeGreaterThanOrEqual(price);
    const api = createClient({ url: world.apiUrl, signer: world.provider });
    const cdr = await eventually(async () => {
      const { items } = await api.call(listCdrs, { query: { callId: call.callId } });
      return items.find(({ state }) => state === 'settled');
    }, 'its settlement');
    expect(cdr).toMatchObject({ price: String(price), billableSeconds: 12, answeredAt: new Date(start).toISOString() });
    const earned = await eventually(
      async () => {
        const { body } = await world.ask('/earnings');
        return body.items.find(({ settled }: { settled: string }) => settled !== '0');
      },
      'the payment in its earnings',
      60_000,
    );
    expect(earned).toMatchObject({ user: world.user.address, calls: 1, price: String(price), settled: String(price) });
    expect((await world.ask('/metrics')).body).toContain('krypton_provider_records_total{disposition="answered"} 1');
  });

  test('that ended while the service was killed again and again is billed once, and none is lost', {
    timeout: 120_000,
  }, async () => {
    const id = await openEscrow(world, 100_000_000n);
    const before = await world.reader.balanceOf(world.provider.address);
    const calls = Array.from({ length: 12 }, () => callOf({ escrow: String(id) }));
    /** As Kamailio does: again, until it is answered. */
    const insist = (path: string, body: unknown) =>
      eventually(() => world.ask(path, body).catch(() => null), path, 100_000);
    const start = Date.now();
    const talk = Promise.all(
      calls.map(async ({ callId, ...call }, i) => {
        expect((await insist('/call', { ...call, callId })).body).toMatchObject({ allowed: true });
        await insist('/reports', { reports: [{ kind: 'answered', callId, entry: 1, id: i, at: seconds(start) }] });
        await new Promise((resolve) => setTimeout(resolve, 200 * i));
        await insist('/reports', { reports: [endOf(callId, start, 1_000 * (i + 1))] });
      }),
    );
    const kill = async () => {
      for (let kills = 0; kills < 3; kills += 1) await world.restart();
    };
    await Promise.all([talk, kill()]);
    const billed = calls.map((_, i) => BigInt(Math.ceil((i + 1) / 6) * 6));
    const due = billed.reduce((sum, each) => sum + 5_000n + each * 1_000n, 0n);
    const escrow = await eventually(
      async () => {
        const found = await world.reader.escrow(id);
        return found && found.spent >= due ? found : null;
      },
      'all claims on chain',
      30_000,
    );
    expect([escrow.spent, escrow.calls]).toEqual([due, 12n]);
    expect(await world.reader.balanceOf(world.provider.address)).toBe(before + due);
  });

  test('is priced by the deck that stands on chain, once its document is there', async () => {
    const id = await openEscrow(world, 10_000_000n);
    const document = {
      version: 1 as const,
      provider: world.provider.address as string,
      effectiveFrom: '2026-01-01T00:00:00.000Z',
      entries: [{ prefix: '+31', ratePerSecond: '700', feePerCall: '0', initialIncrement: 1, increment: 1 }],
    };
    const hash = rateDeckHash(canonicalRateDeck(document));
    const uri = 'https://provider.test/deck.json';
    await world.send(world.provider, 'setTariff', { provider: world.provider.address, uri, hash: bytesOfHex(hash) });
    const reason = async (called: string) => (await world.ask('/call', callOf({ escrow: String(id), called }))).body;
    expect(await reason('+31201234567')).toMatchObject({
      allowed: false,
      status: 503,
      headers: { 'X-Krypton-Reason': 'deckMissing' },
    });
    expect((await world.ask('/tariff', document, 'PUT')).body).toMatchObject({ hash, entries: 1 });
    expect(await reason('+31201234567')).toMatchObject({ allowed: true });
    expect(await reason('+32201234567')).toMatchObject({ allowed: false, status: 404 });
    expect((await world.ask('/calls')).body.items).toMatchObject([{ state: 'ringing', held: String(300n * 700n) }]);
  });

  test('needs vouchers where the escrow has a key for them; the highest one reaches the API', async () => {
    const key = createKey();
    const id = await openEscrow(world, 10_000_000n, { voucherKey: bytesOfHex(key.publicKey) });
    const scope = { network: world.network, contract: world.contract, escrowId: id };
    const voucher = async (total: bigint) => {
      const { signature } = await signVoucher(key, scope, datoshi(total));
      return { body: JSON.stringify({ escrowId: Number(id), total: String(total), signature: bytesToHex(signature) }) };
    };
    expect((await world.ask('/voucher', await voucher(3_000n))).body).toMatchObject({ status: 200 });
    expect((await world.ask('/voucher', await voucher(20_000_000n))).body).toMatchObject({ status: 403 });
    expect((await world.ask('/voucher', { body: '{}' })).body).toMatchObject({ status: 400 });
    const forged = { body: (await voucher(3_000n)).body.replace('3000', '4000') };
    expect((await world.ask('/voucher', forged)).body).toMatchObject({
      status: 403,
      headers: { 'X-Krypton-Reason': 'badSignature' },
    });
    const kept = await eventually(
      () => world.db.selectFrom('vouchers').selectAll().where('escrowId', '=', id).executeTakeFirst(),
      'the voucher in the API',
    );
    expect(kept.total).toBe(3_000n);
  });

  test('that nobody knows, and what can not be read, is kept aside and blocks nothing', async () => {
    const known = callOf();
    const free = { ...known, called: createKey().address };
    expect((await world.ask('/call', free)).body).toMatchObject({ allowed: true });
    const told = [
      endOf(randomUUID(), Date.now(), 1_000),
      { kind: 'ended', callId: 1 },
      { kind: 'something' },
      [],
      { kind: 'back', callId: 'nobody' },
      endOf(free.callId, Date.now(), 0),
    ];
    const { body } = await world.ask('/reports', { reports: told });
    expect(body).toEqual({ results: ['aside', 'aside', 'aside', 'aside', 'unknown', 'recorded'] });
    expect((await world.ask('/metrics')).body).toContain('krypton_provider_asides_total{reason="malformed"} 3');
  });

  test('over a limit is refused with its name, also after a restart, and shown', async () => {
    const address = createKey().address;
    const callTo = async (called: string) => {
      const { body } = await world.ask('/call', callOf({ sender: { kind: 'user', user: address }, called }));
      return body.allowed
        ? 'allowed'
        : [body.status, body.headers['X-Krypton-Reason'], body.headers['X-Krypton-Limit']];
    };
    const friends = Array.from({ length: 31 }, () => createKey().address);
    for (const friend of friends.slice(0, 30)) expect(await callTo(friend)).toBe('allowed');
    expect(await callTo(friends[30] as string)).toEqual([403, 'overLimit', 'perMinute']);
    await world.restart();
    expect(await callTo(friends[30] as string)).toEqual([403, 'overLimit', 'perMinute']);
    const { items } = (await world.ask('/limits')).body;
    const own = items.filter(({ who }: { who: string }) => who === address);
    expect(own).toContainEqual(expect.objectContaining({ limit: 'perMinute', verdict: 'refused', count: 2 }));
    expect(own).toContainEqual(expect.objectContaining({ limit: 'total', verdict: 'warned', count: 30 }));
    expect((await world.ask('/metrics')).body).toContain('krypton_provider_limit_refusals_total{limit="perMinute"} 1');
  }, 60_000);

  test('is refused with its SIP answer', async () => {
    const refused = async (given: Record<string, unknown>) => {
      const { body } = await world.ask('/call', callOf(given));
      return [body.status, body.headers?.['X-Krypton-Reason']];
    };
    const stranger = { sender: { kind: 'user', user: createKey().address } };
    expect(await refused(stranger)).toEqual([402, 'noEscrow']);
    expect(await refused({ called: 'nobody' })).toEqual([404, 'badDestination']);
    expect(await refused({ escrow: 'x' })).toEqual([400, 'malformed']);
    expect(await refused({ escrow: '999999' })).toEqual([402, 'unknownEscrow']);
    expect(await refused({ sender: { kind: 'gateway', number: 'x' } })).toEqual([404, 'unknownNumber']);
  });
});

test('a disk that takes no more ends the service, which goes on from what it has written', {
  timeout: 120_000,
}, async () => {
  const { headers } = await register({ headers: await signed(world.user as Key, await nonceFor({})) });
  const service = world.service();
  await promisify(execFile)('prlimit', [`--pid=${service.pid}`, '--fsize=0']);
  const asked = world.ask('/register', { user: world.user.address, connection: 'ws:4', headers: {} });
  expect(await asked.then(({ status }) => status).catch(() => 'no answer')).not.toBe(200);
  expect(await service.ended).toBe(1);
  expect(service.log()).toContain("can't be written: ending, to go on from what is in it");
  await world.restart();
  const session = headers['X-Krypton-Session'] as string;
  expect(await register({ headers: { session } })).toMatchObject({ allowed: true });
});
