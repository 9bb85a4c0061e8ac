import { randomUUID } from 'node:crypto';
import { base64urlnopad } from '@scure/base';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openPhone, type Phone } from '../cli/phone/phone.ts';
import { headerOf, type SipMessage } from '../cli/phone/sip-message.ts';
import { openUdp, type Receive } from '../cli/phone/sip-transport.ts';
import { createKey, type Key } from '../protocol/sign/key.ts';
import { PASSPORT_LIFE_S, type Passport, writeIdentity } from '../protocol/sign/passport.ts';
import type { ScriptHash } from '../protocol/types/hash.ts';
import { createFundedAccounts } from './harness/accounts.ts';
import { hasKamailio, type Kamailio, startKamailio } from './harness/kamailio.ts';
import { type ProviderWorld, registerBySignature, startLimitMs, startProviderWorld } from './harness/provider.ts';

/** What comes by UDP from anywhere and says that another provider vouches for the caller. The chain and a key decide. */
describe.runIf(await hasKamailio())('an Identity of another provider', { timeout: 60_000 }, () => {
  let world: ProviderWorld;
  let kamailio: Kamailio;
  let [other, third, gone, nobody, caller, left]: Key[] = [];
  let called: Phone;
  const phones: Phone[] = [];
  beforeAll(async () => {
    world = await startProviderWorld();
    kamailio = await startKamailio(world.kit, world.ports.sip);
    [other, third, gone, caller, left] = await createFundedAccounts(5);
    nobody = createKey();
    for (const provider of [other, third, gone] as Key[])
      await world.send(provider, 'deploy', { provider: provider.address, location: 'sip.example.org' });
    const registered = [
      [caller, other],
      [left, gone],
    ] as [Key, Key][];
    for (const [user, provider] of registered)
      await world.send(user, 'register', { user: user.address, provider: provider.address, uuid: randomUUID() });
    await world.send(gone as Key, 'undeploy', { provider: (gone as Key).address });
    called = await phoneOf(world.user.address);
    await registerBySignature(world, called, world.user as Key);
  }, startLimitMs);
  afterAll(async () => {
    for (const phone of phones) phone.close();
    await kamailio?.stop();
    await world?.stopAll();
  });

  async function phoneOf(user: string): Promise<Phone> {
    const open = (receive: Receive) => openUdp(world.ports.sip, receive);
    const phone = await openPhone({ domain: 'krypton.test', user, open });
    phones.push(phone);
    return phone;
  }

  /** What is true of a call with this Call-ID. */
  const passport = (callId: string): Passport => ({
    network: world.network,
    contract: world.contract,
    audience: world.provider.address,
    callId,
    caller: (caller as Key).address,
    called: world.user.address,
    issuedAt: Math.floor(Date.now() / 1000),
  });
  const sign = (given: Passport, by = other as Key) => writeIdentity(by, given);

  type Method = 'INVITE' | 'MESSAGE';
  type Sent = { identity: string; callId: string; method: Method; from?: Key | undefined; to?: string };
  /** From a socket that nobody knows. */
  async function send({ identity, callId, method, from = caller, to = world.user.address }: Sent): Promise<SipMessage> {
    const phone = await phoneOf(from?.address ?? '');
    const options = { callId, headers: { Identity: identity } };
    if (method === 'MESSAGE') return phone.request(method, to, { ...options, body: 'hello' });
    const { answer, dialog } = await phone.call(to, options);
    if (answer.status === 200) await phone.inDialog(dialog, 'BYE');
    return answer;
  }
  const said = (answer: SipMessage) => [answer.status, headerOf(answer, 'X-Krypton-Reason')];

  /** Whom it reached, by the Call-ID. */
  const reached = () => called.requests.map((request) => headerOf(request, 'Call-ID'));

  /** The token's own parts, changed after it was signed. */
  function changed(identity: string, change: (part: Record<string, unknown>) => object, part: 0 | 1): string {
    const parts = identity.split('.');
    const read = JSON.parse(Buffer.from(parts[part] ?? '', 'base64url').toString());
    return parts.with(part, base64urlnopad.encode(Buffer.from(JSON.stringify(change(read))))).join('.');
  }

  type Forgery = {
    what: string;
    write: (truth: Passport) => Promise<string> | string;
    from?: () => Key | undefined;
    to?: string;
    says: [number, string];
  };
  const now = () => Math.floor(Date.now() / 1000);
  const forgeries: Forgery[] = [
    { what: 'no token', write: () => 'hello', says: [400, 'identityMalformed'] },
    {
      what: 'a token that is not signed at all',
      write: async (truth) => changed(await sign(truth), (head) => ({ ...head, alg: 'none' }), 0),
      says: [400, 'identityMalformed'],
    },
    {
      what: 'one of another kind',
      write: async (truth) => (await sign(truth)).replace('ppt="krypton"', 'ppt="shaken"'),
      says: [400, 'identityMalformed'],
    },
    {
      what: 'one that is longer than any',
      write: async (truth) => `${await sign(truth)};more=${'x'.repeat(2_000)}`,
      says: [400, 'identityMalformed'],
    },
    {
      what: "a signature by another key than the provider's, which it names",
      write: (truth) => sign(truth, { ...createKey(), publicKey: other?.publicKey } as Key),
      says: [403, 'identityInvalid'],
    },
    {
      what: 'an old one that was made young again',
      write: async (truth) =>
        changed(await sign({ ...truth, issuedAt: now() - 600 }), (claims) => ({ ...claims, iat: now() }), 1),
      says: [403, 'identityInvalid'],
    },
    {
      what: "another's, made one's own",
      write: async (truth) =>
        changed(await sign(truth), (claims) => ({ ...claims, orig: { uri: `sip:${left?.address}` } }), 1),
      from: () => left,
      says: [403, 'identityInvalid'],
    },
    { what: 'the key of nobody', write: (truth) => sign(truth, nobody), says: [403, 'identityUnknown'] },
    {
      what: 'the key of a user',
      write: (truth) => sign(truth, caller),
      says: [403, 'identityUnknown'],
    },
    {
      what: 'the key of a provider with which the caller is not registered',
      write: (truth) => sign(truth, third),
      says: [403, 'identityUnknown'],
    },
    {
      what: 'the key of a provider that is no longer deployed',
      write: (truth) => sign({ ...truth, caller: (left as Key).address }, gone),
      from: () => left,
      says: [403, 'identityUnknown'],
    },
    {
      what: 'one that is too old',
      write: (truth) => sign({ ...truth, issuedAt: now() - PASSPORT_LIFE_S - 1 }),
      says: [403, 'identityExpired'],
    },
    {
      what: 'one of a far future',
      write: (truth) => sign({ ...truth, issuedAt: now() + 2 * PASSPORT_LIFE_S }),
      says: [403, 'identityExpired'],
    },
    {
      what: 'one for another callee',
      write: (truth) => sign({ ...truth, called: (left as Key).address }),
      says: [403, 'identityMismatch'],
    },
    {
      what: 'one of another call',
      write: (truth) => sign({ ...truth, callId: randomUUID() }),
      says: [403, 'identityMismatch'],
    },
    {
      what: 'one of another caller',
      write: sign,
      from: () => left,
      says: [403, 'identityMismatch'],
    },
    {
      what: 'one for another provider',
      write: (truth) => sign({ ...truth, audience: (third as Key).address }),
      says: [403, 'identityForeign'],
    },
    {
      what: 'one of another network',
      write: (truth) => sign({ ...truth, network: truth.network + 1 }),
      says: [403, 'identityForeign'],
    },
    {
      what: 'one of another contract',
      write: (truth) => sign({ ...truth, contract: `0x${'01'.repeat(20)}` as ScriptHash }),
      says: [403, 'identityForeign'],
    },
    {
      what: 'a true one, shown for a number of the PSTN',
      write: sign,
      to: '+31201234567',
      says: [404, 'badDestination'],
    },
  ];

  describe.each<Method>(['INVITE', 'MESSAGE'])('in a %s', (method) => {
    test('is believed where it is true, and once', async () => {
      const callId = randomUUID();
      const sent = { identity: await sign(passport(callId)), callId, method };
      expect((await send(sent)).status).toBe(200);
      expect(said(await send(sent))).toEqual([403, 'identityReplayed']);
      const others = method === 'INVITE' ? 'MESSAGE' : 'INVITE';
      expect(said(await send({ ...sent, method: others }))).toEqual([403, 'identityReplayed']);
      expect(reached().filter((each) => each === callId)).toHaveLength(method === 'INVITE' ? 3 : 1); // with ACK and BYE
    });

    test.each(forgeries)('is refused: $what', async ({ write, from = () => caller, to, says }) => {
      const callId = randomUUID();
      const identity = await write(passport(callId));
      expect(said(await send({ identity, callId, method, from: from(), ...(to !== undefined && { to }) }))).toEqual(
        says,
      );
      expect(reached()).not.toContain(callId);
    });
  });

  test('is not believed again by a wallet service that was killed in between', async () => {
    const callId = randomUUID();
    const truth = passport(callId);
    // as a clock that is ahead says: it would be believed for longer than a start takes
    const identity = await sign({ ...truth, issuedAt: truth.issuedAt + PASSPORT_LIFE_S / 2 });
    const sent: Sent = { identity, callId, method: 'MESSAGE' };
    expect((await send(sent)).status).toBe(200);
    await world.restart();
    expect(said(await send(sent))).toEqual([403, 'identityReplayed']);
  });
});
