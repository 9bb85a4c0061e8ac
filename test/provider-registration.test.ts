import { randomUUID } from 'node:crypto';
import { bytesToHex } from '@noble/hashes/utils.js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { send } from '../chain/send.ts';
import { openPhone, type Phone } from '../cli/phone/phone.ts';
import { headerOf, type SipMessage } from '../cli/phone/sip-message.ts';
import { openUdp, openWebSocket, type Receive } from '../cli/phone/sip-transport.ts';
import { contractCall } from '../protocol/contract/call.ts';
import { delegate, writeDelegation } from '../protocol/sign/delegation.ts';
import { createKey, type Key } from '../protocol/sign/key.ts';
import { signRegistration } from '../protocol/sign/registration.ts';
import { createFundedAccount } from './harness/accounts.ts';
import { hasKamailio, type Kamailio, startKamailio } from './harness/kamailio.ts';
import { type ProviderWorld, registerBySignature, startLimitMs, startProviderWorld } from './harness/provider.ts';
import { eventually } from './harness/world.ts';

/** REGISTER over real SIP: Kamailio asks the wallet service, which asks the chain. */
describe.runIf(await hasKamailio())('a phone registers', () => {
  let world: ProviderWorld;
  let kamailio: Kamailio;
  const phones: Phone[] = [];
  beforeAll(async () => {
    world = await startProviderWorld();
    kamailio = await startKamailio(world.kit, world.ports.sip);
  }, startLimitMs);
  afterAll(async () => {
    for (const phone of phones) phone.close();
    await kamailio?.stop();
    await world?.stopAll();
  });

  const overUdp = (receive: Receive) => openUdp(world.ports.sip, receive);
  const overWebSocket = (receive: Receive) => openWebSocket(`ws://127.0.0.1:${world.ports.ws}`, receive);
  async function phoneOf(user: { address: string }, open = overUdp): Promise<Phone> {
    const phone = await openPhone({ domain: 'krypton.test', user: user.address, open });
    phones.push(phone);
    return phone;
  }
  /** A user who is registered on chain, with a phone, and what brings others of theirs in. */
  async function newcomer() {
    const user = await createFundedAccount();
    const provider = world.provider.address;
    await world.send(user, 'register', { user: user.address, provider, uuid: randomUUID() });
    const first = await phoneOf(user);
    return { user, first, session: { 'X-Krypton-Session': await registerBySignature(world, first, user) } };
  }
  const reason = (answer: SipMessage) => [answer.status, headerOf(answer, 'X-Krypton-Reason')];
  const terms = (nonce = '') => {
    return { network: world.network, contract: world.contract, provider: world.provider.address, nonce };
  };
  async function sign(key: Key, challenge: SipMessage): Promise<Record<string, string>> {
    const nonce = headerOf(challenge, 'X-Krypton-Nonce') ?? '';
    const { signature } = await signRegistration(key, terms(nonce));
    return { 'X-Krypton-Key': key.publicKey, 'X-Krypton-Signature': bytesToHex(signature) };
  }

  test.each([
    ['UDP', overUdp],
    ['WebSocket', overWebSocket],
  ])('by token, signature, delegation and session over %s', { timeout: 120_000 }, async (_, open) => {
    const user = await createFundedAccount();
    const phone = await phoneOf(user, open);
    const asked = await phone.register();
    expect(reason(asked)).toEqual([401, 'ask']);
    expect(headerOf(asked, 'X-Krypton-Provider')).toBe(world.provider.address);
    const uuid = headerOf(asked, 'X-Krypton-Nonce') ?? '';
    const token = { 'X-Krypton-Token': uuid };
    expect(reason(await phone.register(token))).toEqual([403, 'notRegistered']);
    await world.send(user, 'register', { user: user.address, provider: world.provider.address, uuid });

    const stranger = await phoneOf(user, open); // what stands on the chain is public
    expect(reason(await stranger.register(token))).toEqual([401, 'wrongNonce']);
    const byToken = await phone.register(token);
    expect([byToken.status, headerOf(byToken, 'X-Krypton-Voucher-Interval')]).toEqual([200, '10']);

    const second = await phoneOf(user, open);
    const bySignature = await second.register(await sign(user, await second.register()));
    expect(bySignature.status).toBe(200);

    const [third, device] = [await phoneOf(user, open), createKey()];
    const notAfter = Date.now() + 60_000;
    const delegation = writeDelegation(
      await delegate(user, { ...terms(), delegate: device.publicKey, notAfter, scope: 2 }),
    );
    const delegated = { ...(await sign(device, await third.register())), 'X-Krypton-Delegation': delegation };
    expect((await third.register(delegated)).status).toBe(200);

    const session = headerOf(byToken, 'X-Krypton-Session') ?? '';
    const again = await phoneOf(user, open);
    expect((await again.register({ 'X-Krypton-Session': session })).status).toBe(200);
    expect(reason(await again.register({ 'X-Krypton-Session': `${session}x` }))).toEqual([401, 'sessionUnknown']);
    expect(await bindings(user.address)).toBe(4);

    await again.register({}, { expires: 0 });
    expect(await bindings(user.address)).toBe(3);
    await world.send(user, 'unregister', { user: user.address, provider: world.provider.address });
    await eventually(async () => (await bindings(user.address)) === 0, 'the end of all registrations');
    expect(reason(await again.register({ 'X-Krypton-Session': session }))).toEqual([401, 'sessionUnknown']);
  });

  test('as one of ten, and an eleventh once another is gone', async () => {
    const { user, first, session } = await newcomer();
    for (let nth = 2; nth <= 10; nth++) expect((await (await phoneOf(user)).register(session)).status).toBe(200);
    const eleventh = await phoneOf(user);
    expect(reason(await eleventh.register(session))).toEqual([503, 'tooManyPhones']);
    expect((await first.register({}, { expires: 0 })).status).toBe(200);
    expect((await eleventh.register(session)).status).toBe(200);
  });

  test('beside one with the same address in another network, and in place of itself', async () => {
    const { user, first, session } = await newcomer();
    await first.register({}, { expires: 0 });
    const comes = async (params: string) => {
      const phone = await phoneOf(user);
      const Contact = `<sip:phone@192.168.1.5:5060>${params}`;
      expect((await phone.register({ ...session, Contact })).status).toBe(200);
      return phone;
    };
    const mayCall = async (phones: Phone[]) => {
      const answers = await Promise.all(phones.map((phone) => phone.call('+31201234567')));
      return answers.map(({ answer }) => answer.status !== 403);
    };
    const named = (name: string, flow = 1) => `;+sip.instance="<urn:uuid:${name}>";reg-id=${flow}`;
    const [one, two] = [randomUUID(), randomUUID()];
    const desk = await comes(named(one));
    const pocket = await comes(named(two));
    const flow = await comes(named(two, 2));
    expect(await mayCall([desk, pocket, flow])).toEqual([true, true, true]);
    const again = await comes(named(two));
    expect(await mayCall([desk, pocket, flow, again])).toEqual([true, false, true, true]);
  });

  test('with a header that would end a line, or with none of its user, it is refused', async () => {
    const phone = await phoneOf({ address: 'alice' });
    expect(reason(await phone.register())).toEqual([403, 'noAddress']);
    const other = await phoneOf(world.user);
    expect(reason(await other.register({ 'X-Krypton-Token': '"}{' }))).toEqual([400, 'malformed']);
    expect(reason(await other.register({ 'X-Krypton-Network': '1' }))).toEqual([403, 'otherNetwork']);
  });

  test('and with it alone, where the registration on chain has ended and begun again at once', async () => {
    const [user, provider] = [await createFundedAccount(), world.provider.address];
    await world.send(user, 'register', { user: user.address, provider, uuid: randomUUID() });
    const before = await phoneOf(user);
    expect((await before.register(await sign(user, await before.register()))).status).toBe(200);
    const phone = await phoneOf(user);
    const uuid = headerOf(await phone.register(), 'X-Krypton-Nonce') ?? '';
    const { rpc, network, contract } = world;
    await send({ rpc, network, signer: user, contract }, [
      contractCall(contract, 'unregister', { user: user.address, provider }),
      contractCall(contract, 'register', { user: user.address, provider, uuid }),
    ]);
    expect((await phone.register({ 'X-Krypton-Token': uuid })).status).toBe(200);
    expect(await bindings(user.address)).toBe(1);
    expect((await before.call('+31201234567')).answer.status).toBe(403);
    expect(reason((await phone.call('+31201234567')).answer)).toEqual([402, 'noEscrow']);
  });

  test('and not while the wallet service is away', { timeout: 120_000 }, async () => {
    await world.service().kill();
    const phone = await phoneOf(world.user);
    expect(reason(await phone.register())).toEqual([503, 'walletUnavailable']);
    await world.restart();
    expect(reason(await phone.register())).toEqual([401, 'ask']);
  });

  async function bindings(user: string): Promise<number> {
    const registered = await world.ask('/registrations');
    return registered.body.items.filter((each: { user: string }) => each.user === user).length;
  }
});
