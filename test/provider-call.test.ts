import { bytesToHex } from '@noble/hashes/utils.js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Dialog, openPhone, type Phone } from '../cli/phone/phone.ts';
import { headerOf, type SipMessage } from '../cli/phone/sip-message.ts';
import { openUdp, openWebSocket, type Receive } from '../cli/phone/sip-transport.ts';
import { createClient } from '../protocol/api/client.ts';
import { putTariff } from '../protocol/api/tariffs.ts';
import { submitVoucher } from '../protocol/api/vouchers.ts';
import { priceOf } from '../protocol/call/price.ts';
import { createKey, type Key } from '../protocol/sign/key.ts';
import { signVoucher } from '../protocol/sign/voucher.ts';
import { bytesOfHex } from '../protocol/types/bytes.ts';
import { datoshi } from '../protocol/types/datoshi.ts';
import { settled } from './harness/exchange.ts';
import { hasKamailio, type Kamailio, startKamailio } from './harness/kamailio.ts';
import {
  type ProviderWorld,
  pickPorts,
  registerBySignature,
  startLimitMs,
  startProviderWorld,
} from './harness/provider.ts';
import { eventually, openEscrow, terms } from './harness/world.ts';

/** Calls over the real Kamailio, decided by the wallet service, paid on the real chain. */
describe.runIf(await hasKamailio())('a call', { timeout: 120_000 }, () => {
  let world: ProviderWorld;
  let kamailio: Kamailio;
  let gateway: Phone;
  let user: Phone;
  const phones: Phone[] = [];
  beforeAll(async () => {
    const { sip: dead } = await pickPorts(); // the first gateway is away: the second one is taken
    const env = { KRYPTON_PROVIDER_VOUCHER_INTERVAL_S: '2' };
    world = await startProviderWorld(env, {}, (live) => [`sip:127.0.0.1:${dead}`, live]);
    kamailio = await startKamailio(world.kit, world.ports.sip);
    gateway = await phoneAt('gateway', (receive) => openUdp(world.ports.sip, receive, world.gateway));
    user = await registered(world.user as Key);
  }, startLimitMs);
  afterAll(async () => {
    for (const phone of phones) phone.close();
    await kamailio?.stop();
    await world?.stopAll();
  });

  const overUdp = (receive: Receive) => openUdp(world.ports.sip, receive);
  const overWebSocket = (receive: Receive) => openWebSocket(`ws://127.0.0.1:${world.ports.ws}`, receive);
  async function phoneAt(user: string, open = overUdp, answer = 200): Promise<Phone> {
    const phone = await openPhone({ domain: 'krypton.test', user, open, answer });
    phones.push(phone);
    return phone;
  }
  async function registered(key: Key, open = overWebSocket, answer = 200): Promise<Phone> {
    const phone = await phoneAt(key.address, open, answer);
    await registerBySignature(world, phone, key);
    return phone;
  }
  const escrow = (id: bigint) => ({ headers: { 'X-Krypton-Escrow': String(id) } });
  const reason = (answer: SipMessage) => [answer.status, headerOf(answer, 'X-Krypton-Reason')];
  const talk = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
  const bye = (phone: Phone, dialog: Dialog) => phone.inDialog(dialog, 'BYE').then(({ status }) => status);

  /** The record of a call as it was settled; what the chain paid is what its times cost. */
  async function paid(callId: string) {
    const cdr = await settled(world, callId);
    const ms = cdr.answeredAt === null ? null : Date.parse(cdr.endedAt) - Date.parse(cdr.answeredAt);
    const [initialIncrement, increment] = [6, 6];
    const { price } = priceOf(ms, { ...terms, initialIncrement, increment });
    expect(cdr.price).toBe(String(price));
    return { cdr, price, ms: ms ?? 0 };
  }

  test('to a number: over the second gateway, hung up by the caller, paid as computed', async () => {
    const id = await openEscrow(world, 10_000_000n);
    const { answer, dialog } = await user.call('+31201234567', escrow(id));
    expect(answer.status).toBe(200);
    await talk(1_000);
    expect(await bye(user, dialog)).toBe(200);
    await gateway.waitFor('BYE', 10_000, dialog.callId);
    const { cdr, price, ms } = await paid(dialog.callId);
    expect(cdr).toMatchObject({ to: '+31201234567', user: user.user, disposition: 'answered', hangupBy: 'caller' });
    expect(ms).toBeGreaterThanOrEqual(990); // the first gateway's silence is not billed
    expect(Date.parse(cdr.answeredAt ?? '') - Date.parse(cdr.startedAt)).toBeGreaterThanOrEqual(0);
    expect((await world.reader.escrow(id))?.spent).toBe(price);
  });

  test('is ended by the proxy on both sides when the money is at its end, and costs no more than there was', async () => {
    const amount = 5_000n + 6_000n; // the fee, and 6 seconds
    const id = await openEscrow(world, amount);
    const { answer, dialog } = await user.call('+31201234567', escrow(id));
    expect(answer.status).toBe(200);
    await user.waitFor('BYE', 60_000, dialog.callId);
    await gateway.waitFor('BYE', 10_000, dialog.callId);
    const { cdr, price, ms } = await paid(dialog.callId);
    expect(cdr).toMatchObject({ hangupBy: 'provider' });
    expect(price).toBe(amount);
    expect(ms).toBeLessThanOrEqual(6_000);
    expect((await world.reader.escrow(id))?.spent).toBe(amount);
  });

  test('ends with a voucher that does not come, and goes on with one that does', async () => {
    const key = createKey();
    const id = await openEscrow(world, 10_000_000n, { voucherKey: bytesOfHex(key.publicKey) });
    const voucher = async (total: bigint) => {
      const scope = { network: world.network, contract: world.contract, escrowId: id };
      const { signature } = await signVoucher(key, scope, datoshi(total));
      return { escrowId: Number(id), total: String(total), signature: bytesToHex(signature) };
    };
    const info = async (dialog: Dialog, body: unknown) =>
      user.inDialog(dialog, 'INFO', { body: JSON.stringify(body), type: 'application/krypton-voucher+json' });
    const { answer, dialog } = await user.call('+31201234567', escrow(id));
    expect(answer.status).toBe(200);
    const started = Date.now();
    // 11,000 datoshi cover the fee and the first 6 seconds
    expect(reason(await info(dialog, { ...(await voucher(11_000n)), total: '12000' }))).toEqual([403, 'badSignature']);
    expect((await info(dialog, await voucher(11_000n))).status).toBe(200);
    await user.waitFor('BYE', 60_000, dialog.callId);
    expect(Date.now() - started).toBeGreaterThanOrEqual(6_000);
    await gateway.waitFor('BYE', 10_000, dialog.callId);
    expect(gateway.requests.some(({ method }) => method === 'INFO')).toBe(false);
    // the claim waits for the rest, which the phone signs when the call is over
    const { escrowId, total, signature } = await voucher(17_000n);
    const api = createClient({ url: world.apiUrl });
    await eventually(
      () => api.call(submitVoucher, { params: { id: escrowId }, body: { total, signature } }).catch(() => null),
      'a voucher for all of it',
    );
    const { price } = await paid(dialog.callId);
    expect(price).toBe(17_000n); // an interval more than what was signed for
  });

  test('ends when the user closes the escrow on chain', async () => {
    const id = await openEscrow(world, 10_000_000n);
    const { answer, dialog } = await user.call('+31201234567', escrow(id));
    expect(answer.status).toBe(200);
    await world.send(world.user, 'closeEscrow', { id });
    await user.waitFor('BYE', 60_000);
    await paid(dialog.callId);
  });

  test.each<[number, string | undefined, string, Record<string, string>]>([
    [404, 'badDestination', 'nobody', {}],
    [402, 'unknownEscrow', '+31201234567', { 'X-Krypton-Escrow': '999999' }],
    [400, 'malformed', '+31201234567', { 'X-Krypton-Escrow': 'x' }],
    [480, undefined, createKey().address, {}],
  ])('is refused: %i %s', async (status, why, to, headers) => {
    expect(reason((await user.call(to, { headers })).answer)).toEqual([status, why]);
  });

  test('is refused where there is too little, and where the phone has not registered', async () => {
    const id = await openEscrow(world, 10_000n);
    expect(reason((await user.call('+31201234567', escrow(id))).answer)).toEqual([402, 'insufficientFunds']);
    const impostor = await phoneAt(user.user);
    expect((await impostor.call('+31201234567', escrow(id))).answer.status).toBe(403);
    const other = await phoneAt(user.user, overWebSocket);
    expect((await other.call('+31201234567', escrow(id))).answer.status).toBe(403);
    expect((await other.request('MESSAGE', user.user, { body: 'it is me' })).status).toBe(403);
  });

  test('from the PSTN reaches the user whose number it is', async () => {
    expect((await gateway.call('+31205556677')).answer.status).toBe(404);
    await world.ask('/numbers', { number: '+31205556677', user: user.user }, 'PUT');
    const { answer, dialog } = await gateway.call('+31205556677');
    expect(answer.status).toBe(200);
    expect(await bye(gateway, dialog)).toBe(200);
    await user.waitFor('BYE');
  });

  test('and a message between users cost nothing, and need no escrow', async () => {
    expect((await user.request('MESSAGE', user.user, { body: 'hello' })).status).toBe(200);
    expect((await user.waitFor('MESSAGE')).body).toBe('hello');
    expect((await user.request('MESSAGE', createKey().address, { body: 'hello' })).status).toBe(480);
    const underWay = async () => (await world.ask('/calls')).body.items as { to: string }[];
    expect((await underWay()).filter(({ to }) => to.startsWith('sms:'))).toEqual([]);
  });

  test('is hung up by the provider', async () => {
    const id = await openEscrow(world, 10_000_000n);
    const { dialog } = await user.call('+31201234567', escrow(id));
    const hungUp = await eventually(async () => {
      const { status } = await world.ask('/hangup', { callId: dialog.callId });
      return status === 200;
    }, 'the hang-up');
    expect(hungUp).toBe(true);
    await user.waitFor('BYE');
    expect((await paid(dialog.callId)).cdr).toMatchObject({ hangupBy: 'provider' });
  });

  test('of no seconds is what a message is, where the deck has a price for one', async () => {
    const id = await openEscrow(world, 10_000_000n);
    const provider = world.provider.address;
    const document = {
      version: 1 as const,
      provider: provider as string,
      effectiveFrom: '2026-01-01T00:00:00.000Z',
      entries: [{ prefix: 'sms:', ratePerSecond: '10', feePerCall: '100', initialIncrement: 1, increment: 1 }],
    };
    const api = createClient({ url: world.apiUrl, signer: world.provider });
    const { hash } = await api.call(putTariff, { params: { address: provider }, body: document });
    await world.ask('/tariff', document, 'PUT');
    const uri = 'https://provider.test/deck.json';
    await world.send(world.provider, 'setTariff', { provider, uri, hash: bytesOfHex(hash) });
    const send = (to: string) => user.request('MESSAGE', to, { body: 'hello', ...escrow(id) });
    expect((await send(user.user)).status).toBe(200);
    expect((await send(createKey().address)).status).toBe(480);
    const found = await eventually(
      async () => {
        const record = await world.reader.escrow(id);
        return record && record.spent > 0n ? record : null;
      },
      'its payment',
      60_000,
    );
    expect([found.spent, found.calls]).toEqual([110n, 1n]);
  });
});
