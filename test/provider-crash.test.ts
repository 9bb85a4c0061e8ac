import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openPhone, type Phone } from '../cli/phone/phone.ts';
import { openUdp } from '../cli/phone/sip-transport.ts';
import { listCdrs } from '../protocol/api/cdrs.ts';
import { createClient } from '../protocol/api/client.ts';
import type { Key } from '../protocol/sign/key.ts';
import { hasKamailio, type Kamailio, startKamailio } from './harness/kamailio.ts';
import { type ProviderWorld, registerBySignature, startLimitMs, startProviderWorld } from './harness/provider.ts';
import { eventually, openEscrow } from './harness/world.ts';

/** Kamailio and the wallet service are killed while calls run: each call is billed once, to a moment that it had. */
describe.runIf(await hasKamailio())('after a crash', { timeout: 180_000 }, () => {
  let world: ProviderWorld;
  let kamailio: Kamailio;
  const phones: Phone[] = [];
  beforeAll(async () => {
    world = await startProviderWorld();
    kamailio = await startKamailio(world.kit, world.ports.sip);
    await phoneAt('gateway', world.gateway);
  }, startLimitMs);
  afterAll(async () => {
    for (const phone of phones) phone.close();
    await kamailio?.stop();
    await world?.stopAll();
  });

  async function phoneAt(user: string, port = 0): Promise<Phone> {
    const open = (receive: (text: string) => void) => openUdp(world.ports.sip, receive, port);
    const phone = await openPhone({ domain: 'krypton.test', user, open });
    phones.push(phone);
    return phone;
  }
  async function registered(): Promise<Phone> {
    const phone = await phoneAt(world.user.address);
    await registerBySignature(world, phone, world.user as Key);
    return phone;
  }
  const underWay = async () => (await world.ask('/calls')).body.items as { callId: string; state: string }[];
  async function cdrOf(callId: string) {
    const api = createClient({ url: world.apiUrl, signer: world.provider });
    return eventually(
      async () => {
        const { items } = await api.call(listCdrs, { query: { callId } });
        expect(items.length).toBeLessThanOrEqual(1);
        return items.find(({ state }) => state === 'settled');
      },
      `the settlement of ${callId}`,
      90_000,
    );
  }

  test('of Kamailio, its calls end when they were seen last', async () => {
    const id = await openEscrow(world, 10_000_000n);
    const phone = await registered();
    const { answer, dialog } = await phone.call('+31201234567', { headers: { 'X-Krypton-Escrow': String(id) } });
    expect(answer.status).toBe(200);
    const answeredAt = Date.now();
    // seen at least once in a list after the answer
    await new Promise((resolve) => setTimeout(resolve, 6_000));
    const killedAt = Date.now();
    await kamailio.kill();
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    kamailio = await startKamailio(world.kit, world.ports.sip);
    const cdr = await cdrOf(dialog.callId);
    expect(cdr).toMatchObject({ disposition: 'answered', hangupBy: 'lost' });
    const [began, ended] = [Date.parse(cdr.answeredAt ?? ''), Date.parse(cdr.endedAt)];
    expect(began).toBeLessThanOrEqual(answeredAt);
    expect(ended).toBeGreaterThanOrEqual(began);
    expect(ended).toBeLessThanOrEqual(killedAt);
    expect(await underWay()).toEqual([]);
  });

  test('of the wallet service, a call that is answered and hung up meanwhile is recorded with its own times', async () => {
    const id = await openEscrow(world, 10_000_000n);
    const phone = await registered();
    const calling = phone.call('+31201234567', { headers: { 'X-Krypton-Escrow': String(id) } });
    const { dialog, answer } = await calling;
    expect(answer.status).toBe(200);
    await world.service().kill();
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    const hangingUp = Date.now();
    expect((await phone.inDialog(dialog, 'BYE')).status).toBe(200);
    const hungUp = Date.now();
    await world.restart();
    const cdr = await cdrOf(dialog.callId);
    expect(cdr).toMatchObject({ disposition: 'answered', hangupBy: 'caller' });
    expect(Date.parse(cdr.endedAt)).toBeGreaterThanOrEqual(hangingUp);
    expect(Date.parse(cdr.endedAt)).toBeLessThanOrEqual(hungUp);
    const ms = Date.parse(cdr.endedAt) - Date.parse(cdr.answeredAt ?? '');
    expect((await world.reader.escrow(id))?.spent).toBe(5_000n + BigInt(Math.ceil(ms / 6_000) * 6) * 1_000n);
  });

  test('of the wallet service, a call that goes on is watched again', async () => {
    const id = await openEscrow(world, 17_000n); // the fee, and 12 seconds
    const phone = await registered();
    const { dialog, answer } = await phone.call('+31201234567', { headers: { 'X-Krypton-Escrow': String(id) } });
    expect(answer.status).toBe(200);
    await world.restart();
    expect(await underWay()).toMatchObject([{ callId: dialog.callId }]);
    await phone.waitFor('BYE', 60_000);
    expect(await cdrOf(dialog.callId)).toMatchObject({ price: '17000', hangupBy: 'provider' });
  });
});
