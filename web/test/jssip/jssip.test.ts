import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { bytesToHex } from '@noble/hashes/utils.js';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, inject, onTestFinished, test } from 'vitest';
import { type Line, openLine } from '../../../cli/phone/line.ts';
import { openPhone, type Phone } from '../../../cli/phone/phone.ts';
import { openUdp } from '../../../cli/phone/sip-transport.ts';
import { delegate, writeDelegation } from '../../../protocol/sign/delegation.ts';
import { createKey, type Key } from '../../../protocol/sign/key.ts';
import { signRegistration } from '../../../protocol/sign/registration.ts';
import type { Address } from '../../../protocol/types/address.ts';
import { bundle } from '../../../test/browser/bundle.ts';
import { callFlags, chromiumFlags } from '../../../test/browser/chromium.ts';
import { servePage } from '../../../test/browser/serve.ts';
import { createFundedAccount } from '../../../test/harness/accounts.ts';
import { hasExchange, loudest, settled, startExchange, startExchangeToPstn } from '../../../test/harness/exchange.ts';
import {
  type ProviderWorld,
  registerBySignature,
  startLimitMs,
  startProviderWorld,
} from '../../../test/harness/provider.ts';
import { eventually, openEscrow } from '../../../test/harness/world.ts';
import { expectSound } from '../expect-sound.ts';
import type * as InPage from './page.ts';
import type { Answer } from './page.ts';

declare global {
  /** What the page's script exports. */
  var jssipPage: typeof InPage;
}

/** JsSIP in a browser, a user agent that is not ours: what it is refused and allowed, it is by the wire alone. */
describe.runIf(await hasExchange())('JsSIP', { timeout: 180_000 }, () => {
  let world: ProviderWorld;
  let exchange: Awaited<ReturnType<typeof startExchangeToPstn>>;
  let site: Awaited<ReturnType<typeof servePage>>;
  let browser: Browser;
  let page: Page;
  let other: Phone;
  let line: Line;
  const complaints: string[] = [];
  /** Another provider is on this machine too. */
  const nearby = { KRYPTON_PROVIDER_ALLOW_PRIVATE: 'yes' };
  beforeAll(async () => {
    const program = inject('chromium');
    if ('missing' in program) throw new Error(program.missing);
    world = await startProviderWorld(nearby, { rtpengine: true });
    exchange = await startExchangeToPstn(world);
    line = await openLine('tone');
    const open = (receive: (text: string) => void) => openUdp(world.ports.sip, receive);
    other = await openPhone({ domain: 'krypton.test', user: world.user.address, open, sdp: line.sdp });
    await registerBySignature(world, other, world.user as Key);
    const { code } = await bundle(`
      import * as jssipPage from '${join(import.meta.dirname, 'page.ts')}';
      globalThis.jssipPage = jssipPage;
    `);
    site = await servePage(code, 'ws://127.0.0.1:*');
    browser = await chromium.launch({ executablePath: program.path, args: [...chromiumFlags, ...callFlags] });
    const context = await browser.newContext({ permissions: ['microphone'] });
    page = await context.newPage();
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
    await page.goto(site.url);
  }, startLimitMs);
  afterAll(async () => {
    await browser?.close();
    await site?.close();
    other?.close();
    line?.close();
    await exchange?.stop();
    await world?.stopAll();
  });

  type Headers = Record<string, string>;
  /** A user agent on a WebSocket of its own. */
  async function agentOf({ address }: { address: string }, { ports }: Pick<ProviderWorld, 'ports'> = world) {
    const url = `ws://127.0.0.1:${ports.ws}`;
    const agent = await page.evaluate(([url, user]) => jssipPage.open(url, user), [url, address] as const);
    return {
      address,
      register: (headers: Headers = {}): Promise<Answer> =>
        page.evaluate(([agent, headers]) => jssipPage.register(agent, headers), [agent, headers] as const),
      call: (to: string, headers: Headers): Promise<string> =>
        page.evaluate(([agent, to, headers]) => jssipPage.call(agent, to, headers), [agent, to, headers] as const),
      isInCall: () => page.evaluate((agent) => jssipPage.isInCall(agent), agent),
      hangUp: () => page.evaluate((agent) => jssipPage.hangUp(agent), agent),
      messages: () => page.evaluate((agent) => jssipPage.messages(agent), agent),
      hears: () => expectSound(() => page.evaluate((agent) => jssipPage.counted(agent), agent)),
    };
  }
  type Agent = Awaited<ReturnType<typeof agentOf>>;

  const said = ({ status, headers }: Answer) => [status, headers.Reason];
  const nonceFor = async (agent: Agent) => (await agent.register()).headers.Nonce ?? '';
  const token = (uuid: string): Headers => ({ 'X-Krypton-Token': uuid });
  const session = ({ headers }: Answer): Headers => ({ 'X-Krypton-Session': headers.Session ?? '' });
  const terms = (provider = world.provider.address) => {
    return { network: world.network, contract: world.contract, provider };
  };
  async function signed(key: Key, nonce: string, provider?: Address): Promise<Headers> {
    const { signature } = await signRegistration(key, { ...terms(provider), nonce });
    return { 'X-Krypton-Key': key.publicKey, 'X-Krypton-Signature': bytesToHex(signature) };
  }
  const confirm = (user: Key, uuid: string = crypto.randomUUID(), provider = world.provider.address) =>
    world.send(user, 'register', { user: user.address, provider, uuid });
  async function confirmed(): Promise<Key> {
    const user = await createFundedAccount();
    await confirm(user);
    return user;
  }

  test('walks the four steps by the uuid that it was given, and is reached', async () => {
    const user = await createFundedAccount();
    const agent = await agentOf(user);
    const asked = await agent.register();
    expect(asked).toMatchObject({ status: 401, cause: 'Authentication Error' });
    expect(asked.headers).toMatchObject({
      Reason: 'ask',
      Provider: world.provider.address,
      Network: String(world.network),
      Contract: world.contract,
    });
    const uuid = asked.headers.Nonce ?? '';
    expect(said(await agent.register(token(uuid)))).toEqual([403, 'notRegistered']);
    await confirm(user, uuid);
    const answer = await agent.register(token(uuid));
    expect([answer.status, answer.headers['Voucher-Interval']]).toEqual([200, '10']);

    expect((await other.request('MESSAGE', user.address, { body: 'hello' })).status).toBe(200);
    expect(await agent.messages()).toEqual(['hello']);
    const called = await other.call(user.address);
    expect(called.answer.status).toBe(200);
    line.connect(called.answer.body);
    await agent.hears();
    await eventually(async () => line.heard.length > 50 && loudest(line) > 3_000, 'its voice at the other phone');
    await agent.hangUp();
    await other.waitFor('BYE');
    expect(complaints).toEqual([]);
  });

  test('is refused with a uuid that is none of its own', async () => {
    const [user, mallory] = [await createFundedAccount(), await createFundedAccount()];
    const agent = await agentOf(user);
    const uuid = await nonceFor(agent);
    await confirm(user, uuid);
    expect(said(await agent.register(token(crypto.randomUUID())))).toEqual([401, 'wrongNonce']);
    expect(said(await agent.register(token('"}{')))).toEqual([400, 'malformed']);
    // what stands on the chain is public
    expect(said(await (await agentOf(user)).register(token(uuid)))).toEqual([401, 'wrongNonce']);
    // another's, though one's own on the chain
    await confirm(mallory, uuid);
    expect(said(await (await agentOf(mallory)).register(token(uuid)))).toEqual([401, 'wrongNonce']);
    // and none of it took from the user what is theirs
    expect((await agent.register(token(uuid))).status).toBe(200);
  });

  test('is refused with a uuid whose time is over', async () => {
    const user = await createFundedAccount();
    const agent = await agentOf(user);
    const uuid = await nonceFor(agent);
    await confirm(user, uuid);
    const store = new DatabaseSync(join(world.kit, 'store.sqlite'), { timeout: 5_000 });
    const expire = store.prepare('update nonces set expires_at = ? where nonce = ?');
    expect(expire.run(BigInt(Date.now() - 1), uuid).changes).toBe(1);
    store.close();
    expect(said(await agent.register(await signed(user, uuid)))).toEqual([401, 'wrongNonce']);
    expect(said(await agent.register(token(uuid)))).toEqual([401, 'wrongNonce']);
  });

  test('comes by a signature, once for each nonce', async () => {
    const [user, mallory] = [await confirmed(), createKey()];
    const agent = await agentOf(user);
    const elsewhere = await nonceFor(await agentOf(user));
    const nonce = await nonceFor(agent);
    expect(said(await agent.register(await signed(mallory, nonce)))).toEqual([403, 'wrongKey']);
    expect(said(await agent.register(await signed(user, elsewhere)))).toEqual([403, 'badSignature']);
    const shown = await signed(user, nonce);
    expect((await agent.register(shown)).status).toBe(200);
    expect(said(await agent.register(shown))).toEqual([401, 'wrongNonce']);
    const nobody = await createFundedAccount();
    const unknown = await agentOf(nobody);
    expect(said(await unknown.register(await signed(nobody, await nonceFor(unknown))))).toEqual([403, 'notRegistered']);
  });

  test('comes by a key that the wallet has delegated to it, and by no other', async () => {
    const [user, device] = [await confirmed(), createKey()];
    const delegated = async (agent: Agent, by: Key, given: { scope?: 1 | 2; notAfter?: number } = {}) => {
      const { scope = 2, notAfter = Date.now() + 60_000 } = given;
      const statement = await delegate(user, { ...terms(), delegate: device.publicKey, notAfter, scope });
      const shown = await signed(by, await nonceFor(agent));
      return agent.register({ ...shown, 'X-Krypton-Delegation': writeDelegation(statement) });
    };
    const agent = await agentOf(user);
    expect(said(await delegated(agent, createKey()))).toEqual([403, 'delegationForeign']);
    expect(said(await delegated(agent, device, { scope: 1 }))).toEqual([403, 'delegationOutOfScope']);
    const before = Date.now() - 120_000;
    expect(said(await delegated(agent, device, { notAfter: before }))).toEqual([403, 'delegationExpired']);
    expect((await delegated(agent, device)).status).toBe(200);
  });

  test('comes back by its session, which ends for whoever has it with the registration on chain', async () => {
    const [user, mallory] = [await confirmed(), await confirmed()];
    const agent = await agentOf(user);
    const secret = session(await agent.register(await signed(user, await nonceFor(agent))));
    const thief = await agentOf(user);
    expect((await thief.register(secret)).status).toBe(200); // a reconnection: the secret is all that is asked for
    const foreign = await agentOf(mallory);
    expect(said(await foreign.register(secret))).toEqual([401, 'sessionUnknown']);
    expect(said(await foreign.register({ 'X-Krypton-Session': 'none' }))).toEqual([401, 'sessionUnknown']);

    await world.send(user, 'unregister', { user: user.address, provider: world.provider.address });
    const refused = await (await agentOf(user)).register(secret);
    expect([
      [403, 'notRegistered'],
      [401, 'sessionUnknown'], // where its end has been seen already
    ]).toContainEqual(said(refused));
    await eventually(
      async () => (await other.request('MESSAGE', user.address, { body: 'hello' })).status === 480,
      'the end of what was registered by it',
    );
    await confirm(user); // with another uuid, and not by the thief
    expect(said(await (await agentOf(user)).register(secret))).toEqual([401, 'sessionUnknown']);
  });

  test('calls a number, is heard and hears, and pays by the chain', async () => {
    const user = await confirmed();
    const agent = await agentOf(user);
    expect((await agent.register(await signed(user, await nonceFor(agent)))).status).toBe(200);
    await expect(agent.call('+31201234567', {})).rejects.toThrow('402 noEscrow');
    const id = await openEscrow(world, 10_000_000n, { user });
    const callId = await agent.call('+31201234567', { 'X-Krypton-Escrow': String(id) });
    await agent.hears();
    await eventually(
      async () => exchange.gateway.lines().some((far) => loudest(far) > 3_000),
      'its voice at the gateway',
    );
    await agent.hangUp();
    const cdr = await settled(world, callId);
    expect(cdr).toMatchObject({ user: user.address, disposition: 'answered', hangupBy: 'caller' });
    expect((await world.reader.escrow(id))?.spent).toBe(BigInt(cdr.paid ?? 0));
    expect(BigInt(cdr.paid ?? 0)).toBeGreaterThan(5_000n);
    expect(complaints).toEqual([]);
  });

  test('talks to one at another provider, through the rtpengine of each', async () => {
    const [provider, user, caller] = [await createFundedAccount(), await createFundedAccount(), await confirmed()];
    const theirs = await world.addProvider(provider, nearby);
    const far = await startExchange(theirs);
    onTestFinished(() => far.stop());
    const location = `127.0.0.1:${theirs.ports.sip}`;
    await world.send(provider, 'deploy', { provider: provider.address, location });
    await confirm(user, crypto.randomUUID(), provider.address);
    const called = await agentOf(user, theirs);
    expect((await called.register(await signed(user, await nonceFor(called), provider.address))).status).toBe(200);
    const agent = await agentOf(caller);
    expect((await agent.register(await signed(caller, await nonceFor(agent)))).status).toBe(200);
    await agent.call(user.address, {});
    await agent.hears();
    await called.hears();
    await called.hangUp();
    await expect.poll(() => agent.isInCall()).toBe(false);
    expect(complaints).toEqual([]);
  });
});
