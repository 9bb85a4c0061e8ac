import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openPhone, type Phone, type PhoneOptions } from '../cli/phone/phone.ts';
import { headerOf, headersOf } from '../cli/phone/sip-message.ts';
import { openWebSocket, type Receive } from '../cli/phone/sip-transport.ts';
import { createClient } from '../protocol/api/client.ts';
import { putTariff } from '../protocol/api/tariffs.ts';
import type { Key } from '../protocol/sign/key.ts';
import { bytesOfHex } from '../protocol/types/bytes.ts';
import { createFundedAccounts } from './harness/accounts.ts';
import { hasKamailio, type Kamailio, startKamailio } from './harness/kamailio.ts';
import { type ProviderWorld, registerBySignature, startLimitMs, startProviderWorld } from './harness/provider.ts';
import { type Browser, type PushService, startPushService } from './harness/push-service.ts';
import { eventually, openEscrow } from './harness/world.ts';

/** Phones that sleep are woken by Web Push. Calls between users cost something here, so each one holds money. */
describe.runIf(await hasKamailio())('a phone that sleeps', { timeout: 120_000 }, () => {
  let world: ProviderWorld;
  let kamailio: Kamailio;
  let service: PushService;
  let escrowId: bigint;
  const callees: Key[] = [];
  const phones: Phone[] = [];
  beforeAll(async () => {
    service = await startPushService();
    const env = { KRYPTON_PROVIDER_PUSH_HOSTS: service.host, KRYPTON_PROVIDER_ALLOW_PRIVATE: 'yes' };
    const off = { warn: null, refuse: null }; // all calls are of one user
    world = await startProviderWorld(env, {}, undefined, { total: off, perMinute: off, sequence: off });
    kamailio = await startKamailio(world.kit, world.ports.sip);
    const provider = world.provider.address;
    callees.push(...(await createFundedAccounts(10)));
    const register = (key: Key) => world.send(key, 'register', { user: key.address, provider, uuid: randomUUID() });
    await Promise.all(callees.map(register));
    await setDeck();
    escrowId = await openEscrow(world, 100_000_000n);
  }, startLimitMs);
  afterAll(async () => {
    for (const phone of phones) phone.close();
    await kamailio?.stop();
    await world?.stopAll();
    service?.stop();
  });

  async function setDeck(): Promise<void> {
    const provider = world.provider.address;
    const entry = { prefix: 'neo:', ratePerSecond: '100', feePerCall: '0', initialIncrement: 1, increment: 1 };
    const effectiveFrom = '2026-01-01T00:00:00.000Z';
    const document = { version: 1 as const, provider: provider as string, effectiveFrom, entries: [entry] };
    const api = createClient({ url: world.apiUrl, signer: world.provider });
    const { hash } = await api.call(putTariff, { params: { address: provider }, body: document });
    await world.ask('/tariff', document, 'PUT');
    const uri = 'https://provider.test/deck.json';
    await world.send(world.provider, 'setTariff', { provider, uri, hash: bytesOfHex(hash) });
  }

  const overWebSocket = (receive: Receive) => openWebSocket(`ws://127.0.0.1:${world.ports.ws}`, receive);
  async function phoneAt({ address }: { address: string }, given: Partial<PhoneOptions> = {}): Promise<Phone> {
    const phone = await openPhone({ domain: 'krypton.test', user: address, open: overWebSocket, ...given });
    phones.push(phone);
    return phone;
  }
  /** A phone that has left a subscription and is gone; its session brings it back. */
  async function sleeper(key: Key, given: Partial<PhoneOptions> = {}) {
    const browser = service.subscribe('https://phone.example.org/');
    const device = `<urn:uuid:${randomUUID()}>`;
    const phone = await phoneAt(key, { ...given, device });
    const session = await registerBySignature(world, phone, key);
    const answer = await phone.register({ 'X-Krypton-Session': session, 'X-Krypton-Push': browser.subscription });
    expect(headerOf(answer, 'X-Krypton-Push')).toBe('kept');
    phone.close();
    const wakeUp = async (more: Partial<PhoneOptions> = {}) => {
      const awake = await phoneAt(key, { ...given, device, ...more });
      expect((await awake.register({ 'X-Krypton-Session': session })).status).toBe(200);
      return awake;
    };
    return { browser, session, wakeUp, key: headerOf(answer, 'X-Krypton-Push-Key') ?? '' };
  }
  let registered: Promise<Phone> | undefined;
  /** One phone makes all calls: no more than ten of a user may be registered. */
  const caller = () => (registered ??= registeredCaller());
  async function registeredCaller(): Promise<Phone> {
    const phone = await phoneAt(world.user);
    await registerBySignature(world, phone, world.user as Key);
    return phone;
  }
  const paid = () => ({ 'X-Krypton-Escrow': String(escrowId) });
  const pushTo = (browser: Browser) => eventually(async () => browser.pushes[0], 'a push', 15_000);
  const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
  const held = async (callId: string) => {
    const { items } = (await world.ask('/calls')).body;
    return items.find((each: { callId: string }) => each.callId === callId)?.held ?? null;
  };
  const released = (callId: string) => eventually(async () => (await held(callId)) === null, `the hold of ${callId}`);

  test('hands over where it is woken, by push services that are known', async () => {
    const [key] = callees as [Key];
    const phone = await phoneAt(key);
    const session = await registerBySignature(world, phone, key);
    const shown = async (subscription: string) => {
      const answer = await phone.register({ 'X-Krypton-Session': session, 'X-Krypton-Push': subscription });
      return [answer.status, headerOf(answer, 'X-Krypton-Push')];
    };
    const { subscription } = service.subscribe();
    const elsewhere = (endpoint: string) => JSON.stringify({ ...JSON.parse(subscription), endpoint });
    expect(await shown(subscription)).toEqual([200, 'kept']);
    expect(await shown(elsewhere('http://127.0.0.1:1/x'))).toEqual([200, 'unknownService']);
    expect(await shown(elsewhere('https://fcm.googleapis.com.example.org/x'))).toEqual([200, 'unknownService']);
    expect(await shown(elsewhere(`http://user@${service.host}/x`))).toEqual([200, 'unknownService']);
    expect(await shown('hello')).toEqual([200, 'malformed']);
    expect(await shown('none')).toEqual([200, 'removed']);
    phone.close();
    const { answer } = await (await caller()).call(key.address, { headers: paid() });
    expect(answer.status).toBe(480); // nobody is woken, so nobody waits
  });

  test('is woken while the caller hears it ring, and talks', async () => {
    const [, key] = callees as [Key, Key];
    const { browser, wakeUp, key: vapidKey } = await sleeper(key);
    const from = await caller();
    const heard: number[] = [];
    const callId = randomUUID();
    const calling = from.call(key.address, {
      headers: paid(),
      callId,
      onProvisional: ({ status }) => heard.push(status),
    });
    const push = await pushTo(browser);
    const navigate = 'https://phone.example.org/';
    const notification = { title: 'Incoming call', body: world.user.address, navigate, tag: callId };
    expect(push).toEqual({
      payload: { web_push: 8030, notification, krypton: { kind: 'call', callId, from: world.user.address } },
      ttl: expect.toSatisfy((ttl: number) => ttl > 15 && ttl <= 20),
      urgency: 'high',
      vapid: { key: vapidKey, subject: 'mailto:postmaster@krypton.test' },
    });
    expect(heard).toContain(180);
    expect(Number(await held(callId))).toBeGreaterThan(0);
    const phone = await wakeUp();
    const { answer, dialog } = await calling;
    expect(answer.status).toBe(200);
    expect(headersOf(await phone.waitFor('INVITE'), 'Record-Route')).toHaveLength(1);
    await phone.waitFor('ACK');
    expect((await from.inDialog(dialog, 'BYE')).status).toBe(200);
    await phone.waitFor('BYE');
    await released(callId);
    expect(browser.pushes).toHaveLength(1);
  });

  test("rings on each of its user's phones that come, and stops where another has answered", async () => {
    const [, , key] = callees as [Key, Key, Key];
    const first = await sleeper(key, { answer: 0 });
    const second = await sleeper(key, { ringMs: 500 });
    const from = await caller();
    const calling = from.call(key.address, { headers: paid() });
    await Promise.all([pushTo(first.browser), pushTo(second.browser)]);
    const one = await first.wakeUp();
    await one.waitFor('INVITE');
    const two = await second.wakeUp();
    const invite = await two.waitFor('INVITE');
    expect(headersOf(invite, 'Record-Route')).toHaveLength(1);
    const { answer, dialog } = await calling;
    expect(answer.status).toBe(200);
    await one.waitFor('CANCEL');
    const late = await first.wakeUp(); // the call is answered: it rings no more
    expect((await from.inDialog(dialog, 'BYE')).status).toBe(200);
    await two.waitFor('BYE');
    expect(late.requests).toEqual([]);
  });

  test('rings beside one that is awake', async () => {
    const key = callees[8] as Key;
    const desk = await sleeper(key, { answer: 0 });
    const pocket = await sleeper(key);
    const awake = await desk.wakeUp();
    const from = await caller();
    const calling = from.call(key.address, { headers: paid() });
    await awake.waitFor('INVITE');
    await pushTo(pocket.browser);
    const again = await awake.register({ 'X-Krypton-Session': desk.session }); // it rings already
    expect(again.status).toBe(200);
    const phone = await pocket.wakeUp();
    const { answer, dialog } = await calling;
    expect(answer.status).toBe(200);
    await awake.waitFor('ACK'); // of its 487, whose way and the way of the BYE are not the same
    expect((await from.inDialog(dialog, 'BYE')).status).toBe(200);
    await phone.waitFor('BYE');
    expect(desk.browser.pushes).toEqual([]);
    expect(awake.requests.map(({ method }) => method)).toEqual(['INVITE', 'CANCEL', 'ACK']);
  });

  test('and declines, which the caller is told', async () => {
    const [, , , key] = callees as [Key, Key, Key, Key];
    const { browser, wakeUp } = await sleeper(key, { answer: 486 });
    const from = await caller();
    const callId = randomUUID();
    const calling = from.call(key.address, { headers: paid(), callId });
    await pushTo(browser);
    await wakeUp();
    expect((await calling).answer.status).toBe(486);
    await released(callId);
  });

  test('is forgotten where its browser has taken the subscription back', async () => {
    const [, , , , key] = callees as [Key, Key, Key, Key, Key];
    const { browser, wakeUp } = await sleeper(key);
    browser.answer = 410;
    const from = await caller();
    const cancelled = await from.call(key.address, { headers: paid(), cancel: { on: 180, afterMs: 0 } });
    expect(cancelled.answer.status).toBe(487); // taken back while it waits
    await released(cancelled.dialog.callId);
    const phone = await wakeUp();
    expect(phone.requests).toEqual([]);
    phone.close();
    const at = Date.now();
    const { answer } = await from.call(key.address, { headers: paid() });
    expect(answer.status).toBe(480);
    expect(Date.now() - at).toBeLessThan(5_000);
  });

  test.each([
    { where: 'it rings', on: 180, upToMs: 0 },
    { where: 'it is looked for', on: 100, upToMs: 40 },
  ] as const)('is left alone where a call is taken back while $where', async ({ on, upToMs }) => {
    const { wakeUp } = await sleeper(callees[9] as Key);
    const from = await caller();
    const takenBack = () => {
      const cancel = { on, afterMs: Math.random() * upToMs };
      return from.call((callees[9] as Key).address, { headers: paid(), cancel });
    };
    for (let round = 0; round < 10; round++) {
      const calls = await Promise.all([takenBack(), takenBack()]);
      expect(calls.map(({ answer }) => answer.status)).toEqual([487, 487]);
      await Promise.all(calls.map(({ dialog }) => released(dialog.callId)));
    }
    const phone = await wakeUp();
    expect(phone.requests).toEqual([]);
  });

  describe.concurrent('in time', () => {
    test('does not come: the call ends after 20 s, and what was held for it is free again', async () => {
      const key = callees[5] as Key;
      await sleeper(key);
      const from = await caller();
      const [callId, at] = [randomUUID(), Date.now()];
      const { answer } = await from.call(key.address, { headers: paid(), callId, limitMs: 40_000 });
      expect(answer.status).toBe(480);
      expect(Date.now() - at).toBeGreaterThanOrEqual(19_000);
      await released(callId);
    });

    test('is answered late, and the call lasts', async () => {
      const key = callees[6] as Key;
      const { browser, wakeUp } = await sleeper(key, { ringMs: 22_000 });
      const from = await caller();
      const callId = randomUUID();
      const calling = from.call(key.address, { headers: paid(), callId, limitMs: 60_000 });
      await pushTo(browser);
      await sleep(8_000);
      const phone = await wakeUp();
      const { answer, dialog } = await calling;
      expect(answer.status).toBe(200);
      await sleep(35_000); // past every timer of a transaction
      expect(await held(callId)).not.toBeNull();
      expect(phone.requests.map(({ method }) => method)).toEqual(['INVITE', 'ACK']);
      expect((await from.inDialog(dialog, 'BYE')).status).toBe(200);
      await phone.waitFor('BYE');
    });

    test('behind a connection that hangs, is woken when nothing is heard of it', async () => {
      const key = callees[7] as Key;
      const { browser, wakeUp } = await sleeper(key);
      let isAsleep = false;
      await wakeUp({ open: (receive) => overWebSocket((text) => isAsleep || receive(text)) });
      isAsleep = true;
      const from = await caller();
      const calling = from.call(key.address, { headers: paid() });
      await pushTo(browser);
      const phone = await wakeUp();
      const { answer, dialog } = await calling;
      expect(answer.status).toBe(200);
      expect(headersOf(await phone.waitFor('INVITE'), 'Record-Route')).toHaveLength(1);
      expect((await from.inDialog(dialog, 'BYE')).status).toBe(200);
      await phone.waitFor('BYE');
    });
  });
});
