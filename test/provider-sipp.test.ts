import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { bytesToHex } from '@noble/hashes/utils.js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Gateway, openGateway } from '../cli/phone/gateway.ts';
import { openPhone, type Phone } from '../cli/phone/phone.ts';
import { headerOf, type SipMessage } from '../cli/phone/sip-message.ts';
import { openUdp, type Receive } from '../cli/phone/sip-transport.ts';
import { answerScenario, callScenario, registerScenario, type Talk } from '../cli/sipp/scenarios.ts';
import { hasSipp, runSipp } from '../cli/sipp/sipp.ts';
import { createKey, type Key } from '../protocol/sign/key.ts';
import { signRegistration } from '../protocol/sign/registration.ts';
import { pickPort } from '../stack/ports.ts';
import { createFundedAccounts } from './harness/accounts.ts';
import { hasKamailio, type Kamailio, startKamailio } from './harness/kamailio.ts';
import { type ProviderWorld, registerBySignature, startLimitMs, startProviderWorld } from './harness/provider.ts';
import { eventually, openEscrow } from './harness/world.ts';

/** SIPp is a telephone that is not ours: what it is refused and allowed, it is by the wire alone. */
const canRun = (await hasKamailio()) && hasSipp();
if (!hasSipp()) console.warn('the tests with SIPp are skipped: apt-get install sip-tester');

describe.runIf(canRun)('SIPp', { timeout: 120_000 }, () => {
  let world: ProviderWorld;
  let kamailio: Kamailio;
  let gateway: Gateway;
  let [alice, bob, carol]: Key[] = [];
  const taken = new Set<number>();
  const phones: Phone[] = [];
  beforeAll(async () => {
    world = await startProviderWorld();
    kamailio = await startKamailio(world.kit, world.ports.sip);
    gateway = await openGateway(world.gateway, () => {});
    [alice, bob, carol] = (await createFundedAccounts(3)) as Key[];
  }, startLimitMs);
  afterAll(async () => {
    for (const phone of phones) phone.close();
    gateway?.close();
    await kamailio?.stop();
    await world?.stopAll();
  });

  type Agent = { user: string; port: number };
  async function agentOf(user: string): Promise<Agent> {
    const port = await pickPort(taken);
    taken.add(port);
    return { user, port };
  }
  const proxy = () => ({ host: '127.0.0.1', port: world.ports.sip });
  const said = (answer: SipMessage | undefined) => [answer?.status, answer && headerOf(answer, 'X-Krypton-Reason')];

  async function register({ user, port }: Agent, headers: Record<string, string> = {}): Promise<SipMessage> {
    const scenario = registerScenario({ domain: 'krypton.test', user }, headers);
    const { got } = await runSipp({ scenario, proxy: proxy(), localPort: port });
    const answer = got.findLast(({ status }) => status >= 200);
    if (!answer) throw new Error('SIPp got no answer');
    return answer;
  }
  const nonceFor = async (agent: Agent) => headerOf(await register(agent), 'X-Krypton-Nonce') ?? '';
  const token = (uuid: string) => ({ 'X-Krypton-Token': uuid });
  async function signed(key: Key, nonce: string): Promise<Record<string, string>> {
    const { network, contract, provider } = world;
    const { signature } = await signRegistration(key, { network, contract, provider: provider.address, nonce });
    return { 'X-Krypton-Key': key.publicKey, 'X-Krypton-Signature': bytesToHex(signature) };
  }
  async function call(
    { user, port }: Agent,
    to: string,
    headers: Record<string, string> = {},
    { from = user, talk = { hangUpAfterMs: 1_000 } }: { from?: string; talk?: Talk } = {},
  ): Promise<SipMessage | undefined> {
    const scenario = callScenario({ domain: 'krypton.test', user, from, to }, talk, headers);
    const { got } = await runSipp({ scenario, proxy: proxy(), localPort: port, callId: randomUUID() });
    return got.find(({ status }) => status >= 200);
  }

  test('walks the four steps, is reachable, and calls', async () => {
    const agent = await agentOf(alice?.address ?? '');
    const asked = await register(agent);
    expect(said(asked)).toEqual([401, 'ask']);
    expect(headerOf(asked, 'X-Krypton-Provider')).toBe(world.provider.address);
    const uuid = headerOf(asked, 'X-Krypton-Nonce') ?? '';
    expect(said(await register(agent, token(uuid)))).toEqual([403, 'notRegistered']);
    const args = { user: agent.user, provider: world.provider.address, uuid } as never;
    await world.send(alice as Key, 'register', args);
    expect((await register(agent, token(uuid))).status).toBe(200);

    const other = await openPhone({
      domain: 'krypton.test',
      user: world.user.address,
      open: (receive: Receive) => openUdp(world.ports.sip, receive),
    });
    phones.push(other);
    await registerBySignature(world, other, world.user as Key);
    const answering = runSipp({ scenario: answerScenario(), proxy: proxy(), localPort: agent.port });
    const { answer, dialog } = await eventually(async () => {
      const called = await other.call(agent.user);
      return called.answer.status === 200 ? called : null; // until SIPp listens
    }, 'the answer of SIPp');
    expect(answer.status).toBe(200);
    expect((await other.inDialog(dialog, 'BYE')).status).toBe(200);
    expect((await answering).done).toBe(true);

    const id = await openEscrow(world, 10_000_000n, { user: alice as Key });
    expect((await call(agent, '+31201234567', { 'X-Krypton-Escrow': String(id) }))?.status).toBe(200);
    const spent = await eventually(
      async () => (await world.reader.escrow(id))?.spent || null,
      'the payment of its call',
      60_000,
    );
    expect(spent).toBe(5_000n + 6n * 1_000n); // a second is billed as six
  });

  test('is refused with a uuid that is none of its own, and with one whose time is over', async () => {
    const [own, elsewhere] = [await agentOf(bob?.address ?? ''), await agentOf(bob?.address ?? '')];
    const uuid = await nonceFor(own);
    await world.send(bob as Key, 'register', { user: own.user, provider: world.provider.address, uuid } as never);
    expect(said(await register(own, token(randomUUID())))).toEqual([401, 'wrongNonce']);
    expect(said(await register(elsewhere, token(uuid)))).toEqual([401, 'wrongNonce']); // from another connection
    const another = { ...own, user: carol?.address ?? '' };
    expect(said(await register(another, token(uuid)))).toEqual([401, 'wrongNonce']); // another's
    const store = new DatabaseSync(join(world.kit, 'store.sqlite'), { timeout: 5_000 });
    const { changes } = store
      .prepare('update nonces set expires_at = ? where nonce = ?')
      .run(BigInt(Date.now() - 1), uuid);
    store.close();
    expect(changes).toBe(1);
    expect(said(await register(own, token(uuid)))).toEqual([401, 'wrongNonce']);
  });

  test('comes by signature and by session; a stolen session ends with the registration on chain', async () => {
    const agent = await agentOf(bob?.address ?? '');
    const thief = await agentOf(bob?.address ?? '');
    const nonce = await nonceFor(agent);
    expect(said(await register(agent, await signed(carol as Key, nonce)))).toEqual([403, 'wrongKey']);
    const answer = await register(agent, await signed(bob as Key, nonce));
    expect(answer.status).toBe(200);
    expect(said(await register(agent, await signed(bob as Key, nonce)))).toEqual([401, 'wrongNonce']); // once
    const session = { 'X-Krypton-Session': headerOf(answer, 'X-Krypton-Session') ?? '' };
    expect((await register(agent, session)).status).toBe(200);
    expect((await register(thief, session)).status).toBe(200);
    await world.send(bob as Key, 'unregister', { user: agent.user, provider: world.provider.address } as never);
    expect(said(await register(thief, session))).toEqual([
      expect.any(Number),
      expect.stringMatching(/^(notRegistered|sessionUnknown)$/),
    ]);
    await eventually(async () => {
      const { items } = (await world.ask('/registrations')).body;
      return !items.some(({ user }: { user: string }) => user === agent.user);
    }, 'the end of its bindings');
    expect((await call(agent, '+31201234567'))?.status).toBe(403);
  });

  test('is let through as nobody but itself', async () => {
    const [agent, stranger] = [await agentOf(world.user.address), await agentOf(world.user.address)];
    expect((await call(stranger, '+31201234567'))?.status).toBe(403); // an INVITE before any REGISTER
    const nonce = await nonceFor(agent);
    expect((await register(agent, await signed(world.user as Key, nonce))).status).toBe(200);
    const as = (from: string) => call(agent, '+31201234567', {}, { from });
    expect((await as(alice?.address ?? ''))?.status).toBe(403); // another From on its own connection
    expect((await as(world.user.address))?.status).toBe(402); // as itself: there is no escrow
    expect((await call(stranger, '+31201234567'))?.status).toBe(403); // its From from elsewhere
  });

  test.each<[string, Record<string, string>, string]>([
    ['a quote in the escrow', { 'X-Krypton-Escrow': '1","sender":{"kind":"gateway"},"x":"' }, '+31201234567'],
    ['a brace in the voucher', { 'X-Krypton-Voucher': '1;2;"}],{' }, '+31201234567'],
    ['a number of letters', { 'X-Krypton-Escrow': '0x1' }, '+31201234567'],
    ['a quote in the number', {}, '+3120%22,%22x%22:%221'],
    ['a backslash in the number', {}, '+3120%5C1234567'],
    ['digits beyond all numbers', {}, `+${'9'.repeat(60)}`],
  ])('can not inject: %s', async (_, headers, to) => {
    const agent = await agentOf(world.user.address);
    expect((await register(agent, await signed(world.user as Key, await nonceFor(agent)))).status).toBe(200);
    expect([400, 404]).toContain((await call(agent, to, headers))?.status);
    expect((await world.ask('/healthz')).status).toBe(200);
    const { items } = (await world.ask('/calls')).body;
    expect(items).toEqual([]);
  });

  test('is told 503 where no wallet service answers', async () => {
    const agent = await agentOf(world.user.address);
    expect((await register(agent, await signed(world.user as Key, await nonceFor(agent)))).status).toBe(200);
    await world.service().kill();
    expect(said(await call(agent, '+31201234567'))).toEqual([503, 'walletUnavailable']);
    await world.restart();
    expect((await call(agent, createKey().address))?.status).toBe(480);
    expect((await call(agent, 'nobody'))?.status).toBe(404);
  });
});
