import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openPhone, type Phone } from '../cli/phone/phone.ts';
import { headerOf } from '../cli/phone/sip-message.ts';
import { openUdp, type Receive } from '../cli/phone/sip-transport.ts';
import type { Key } from '../protocol/sign/key.ts';
import { createFundedAccounts } from './harness/accounts.ts';
import { hasKamailio, type Kamailio, startKamailio } from './harness/kamailio.ts';
import { type ProviderWorld, registerBySignature, startLimitMs, startProviderWorld } from './harness/provider.ts';
import { type PushService, startPushService } from './harness/push-service.ts';
import { eventually } from './harness/world.ts';

/** Two providers on one machine, each with a Kamailio and a wallet service: their users reach each other by the chain. */
describe.runIf(await hasKamailio())('users of two providers', { timeout: 120_000 }, () => {
  let world: ProviderWorld;
  let [alice, bob]: Phone[] = [];
  const proxies: Kamailio[] = [];
  const phones: Phone[] = [];
  let bobKey: Key;
  let second: Key;
  let service: PushService;
  beforeAll(async () => {
    service = await startPushService();
    const env = { KRYPTON_PROVIDER_ALLOW_PRIVATE: 'yes', KRYPTON_PROVIDER_PUSH_HOSTS: service.host };
    world = await startProviderWorld(env);
    const [deployed, user] = (await createFundedAccounts(2)) as [Key, Key];
    second = deployed;
    bobKey = user;
    const other = await world.addProvider(second, env);
    const at = (port: number) => `127.0.0.1:${port}`;
    await world.send(second, 'deploy', { provider: second.address, location: at(other.ports.sip) });
    await world.send(world.provider, 'relocate', { provider: world.provider.address, location: at(world.ports.sip) });
    await world.send(user, 'register', { user: user.address, provider: second.address, uuid: randomUUID() });
    proxies.push(await startKamailio(world.kit, world.ports.sip), await startKamailio(other.kit, other.ports.sip));
    alice = await phoneAt(world.user.address, world.ports.sip);
    await registerBySignature(world, alice, world.user as Key);
    bob = await phoneAt(user.address, other.ports.sip);
    await registerBySignature({ ...world, provider: second }, bob, user);
  }, startLimitMs);
  afterAll(async () => {
    for (const phone of phones) phone.close();
    for (const proxy of proxies) await proxy.stop();
    await world?.stopAll();
    service?.stop();
  });

  async function phoneAt(user: string, port: number): Promise<Phone> {
    const open = (receive: Receive) => openUdp(port, receive);
    const phone = await openPhone({ domain: 'krypton.test', user, open });
    phones.push(phone);
    return phone;
  }

  test('call each other, and hang up', async () => {
    const [caller, called] = [alice as Phone, bob as Phone];
    const { answer, dialog } = await caller.call(called.user);
    expect(answer.first).toBe('SIP/2.0 200 OK');
    expect((await called.waitFor('INVITE')).first).toContain(called.user);
    expect((await caller.inDialog(dialog, 'BYE')).status).toBe(200);
    await called.waitFor('BYE');
    const back = await called.call(caller.user);
    expect(back.answer.first).toBe('SIP/2.0 200 OK');
    expect((await called.inDialog(back.dialog, 'BYE')).status).toBe(200);
    await caller.waitFor('BYE');
  });

  test('wake each other, and call where they are awake when nobody wakes up', async () => {
    const [caller, called] = [alice as Phone, bob as Phone];
    const browser = service.subscribe();
    const session = await registerBySignature({ ...world, provider: second }, called, bobKey);
    await called.register({ 'X-Krypton-Session': session, 'X-Krypton-Push': browser.subscription });
    await called.register({ 'X-Krypton-Session': session }, { expires: 0 });
    const calling = caller.call(called.user);
    await eventually(async () => browser.pushes[0], 'a push by their own provider');
    await called.register({ 'X-Krypton-Session': session });
    const woken = await calling;
    expect(woken.answer.status).toBe(200);
    expect((await caller.inDialog(woken.dialog, 'BYE')).status).toBe(200);

    // with the caller's provider too, where a phone of theirs sleeps
    const { address: provider } = world.provider;
    await world.send(bobKey, 'register', { user: bobKey.address, provider, uuid: randomUUID() });
    const asleep = await phoneAt(bobKey.address, world.ports.sip);
    const here = await registerBySignature(world, asleep, bobKey);
    const other = service.subscribe();
    await asleep.register({ 'X-Krypton-Session': here, 'X-Krypton-Push': other.subscription });
    await asleep.register({ 'X-Krypton-Session': here }, { expires: 0 });
    const at = Date.now();
    const { answer, dialog } = await caller.call(called.user, { limitMs: 40_000 });
    expect(answer.status).toBe(200);
    expect(Date.now() - at).toBeGreaterThanOrEqual(19_000);
    expect(other.pushes).toHaveLength(1);
    expect((await caller.inDialog(dialog, 'BYE')).status).toBe(200);
  });

  test('write to each other', async () => {
    const answer = await (alice as Phone).request('MESSAGE', (bob as Phone).user, { body: 'hello' });
    expect(answer.status).toBe(200);
    expect((await (bob as Phone).waitFor('MESSAGE')).body).toBe('hello');
  });

  test('and nobody else is let through with an Identity that is none, or one of another call', async () => {
    const stranger = await phoneAt(bobKey.address, world.ports.sip);
    const attempt = async (identity: string) => {
      const { answer } = await stranger.call(world.user.address, { headers: { Identity: identity } });
      return [answer.status, headerOf(answer, 'X-Krypton-Reason')];
    };
    expect(await attempt('hello')).toEqual([400, 'identityMalformed']);
    const stolen = headerOf(await (bob as Phone).waitFor('INVITE'), 'Identity') ?? '';
    expect(stolen).toContain('ppt="krypton"');
    expect(await attempt(stolen)).toEqual([403, 'identityForeign']);
  });
});
