import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Line, openLine } from '../cli/phone/line.ts';
import { openPhone, type Phone, type PhoneOptions } from '../cli/phone/phone.ts';
import { openUdp, openWebSocket, type Receive } from '../cli/phone/sip-transport.ts';
import type { Key } from '../protocol/sign/key.ts';
import { createFundedAccount } from './harness/accounts.ts';
import { hasExchange, loudest, settled, startExchangeToPstn } from './harness/exchange.ts';
import { type ProviderWorld, registerBySignature, startLimitMs, startProviderWorld } from './harness/provider.ts';
import { type PushService, startPushService } from './harness/push-service.ts';
import { eventually, openEscrow } from './harness/world.ts';

/** Sound through the real rtpengine, from a phone to the gateway's stand-in that `npm run phone` has too. */
describe.runIf(await hasExchange())('the sound of a call', { timeout: 180_000 }, () => {
  let world: ProviderWorld;
  let exchange: Awaited<ReturnType<typeof startExchangeToPstn>>;
  let service: PushService;
  let phone: Phone;
  let line: Line;
  beforeAll(async () => {
    service = await startPushService();
    const env = { KRYPTON_PROVIDER_PUSH_HOSTS: service.host, KRYPTON_PROVIDER_ALLOW_PRIVATE: 'yes' };
    world = await startProviderWorld(env, { rtpengine: true });
    exchange = await startExchangeToPstn(world);
    line = await openLine('tone');
    const open = (receive: Receive) => openUdp(world.ports.sip, receive);
    phone = await openPhone({ domain: 'krypton.test', user: world.user.address, open, sdp: line.sdp });
    await registerBySignature(world, phone, world.user as Key);
  }, startLimitMs);
  afterAll(async () => {
    phone?.close();
    line?.close();
    await exchange?.stop();
    await world?.stopAll();
    service?.stop();
  });

  async function call(id: bigint) {
    line.heard.length = 0;
    const { answer, dialog } = await phone.call('+31201234567', { headers: { 'X-Krypton-Escrow': String(id) } });
    expect(answer.status).toBe(200);
    line.connect(answer.body);
    await eventually(async () => line.heard.length > 50, 'sound from the gateway');
    return dialog;
  }

  test('comes from both sides, can be heard, and goes on after a hold', async () => {
    const dialog = await call(await openEscrow(world, 10_000_000n));
    expect(loudest(line)).toBeGreaterThan(7_000);
    const held = line.sdp.replace('a=sendrecv', 'a=sendonly');
    const offer = (body: string) => phone.inDialog(dialog, 'INVITE', { body, type: 'application/sdp' });
    expect((await offer(held)).status).toBe(200);
    const resumed = await offer(line.sdp);
    expect(resumed.status).toBe(200);
    line.connect(resumed.body);
    const before = line.heard.length;
    await eventually(async () => line.heard.length > before + 50, 'sound after the hold');
    expect((await phone.inDialog(dialog, 'BYE')).status).toBe(200);
    await eventually(async () => exchange.gateway.calls() === 0, 'the end at the gateway');
    expect(await settled(world, dialog.callId)).toMatchObject({ disposition: 'answered', hangupBy: 'caller' });
  });

  test('goes through rtpengine for a phone that was woken, and for one that came while it rang', async () => {
    const key = await createFundedAccount();
    const provider = world.provider.address;
    await world.send(key, 'register', { user: key.address, provider, uuid: randomUUID() });
    const overWebSocket = (receive: Receive) => openWebSocket(`ws://127.0.0.1:${world.ports.ws}`, receive);
    const at = (given: Partial<PhoneOptions> = {}) =>
      openPhone({ domain: 'krypton.test', user: key.address, open: overWebSocket, ...given });
    const { subscription, pushes } = service.subscribe();
    const asleep = await at();
    const session = { 'X-Krypton-Session': await registerBySignature(world, asleep, key) };
    await asleep.register({ ...session, 'X-Krypton-Push': subscription });
    asleep.close();
    const calling = phone.call(key.address);
    await eventually(async () => pushes[0], 'a push');
    const first = await at({ answer: 0 });
    await first.register(session);
    const offered = [await first.waitFor('INVITE')];
    const second = await at();
    await second.register(session);
    offered.push(await second.waitFor('INVITE'));
    const { answer, dialog } = await calling;
    const portOf = (sdp: string) => Number(/^m=audio (\d+)/m.exec(sdp)?.[1]);
    const own = [portOf(line.sdp), 40_000]; // of the phones themselves
    for (const { body } of [...offered, answer]) {
      expect(portOf(body)).toBeGreaterThanOrEqual(world.ports.mediaFirst);
      expect(own).not.toContain(portOf(body));
    }
    for (const { body } of offered) expect(body).toMatch(/RTP\/SAVPF.*a=ice-ufrag/s); // as browsers speak
    expect((await phone.inDialog(dialog, 'BYE')).status).toBe(200);
    for (const each of [first, second]) each.close();
  });

  test('that would go past rtpengine is not taken: an INVITE without an offer, at the start or within a call', async () => {
    const id = await openEscrow(world, 10_000_000n);
    const open = (receive: Receive) => openUdp(world.ports.sip, receive);
    const silent = await openPhone({ domain: 'krypton.test', user: world.user.address, open, sdp: '' });
    await registerBySignature(world, silent, world.user as Key);
    const refused = await silent.call('+31201234567', { headers: { 'X-Krypton-Escrow': String(id) } });
    expect(refused.answer.status).toBe(488);
    silent.close();
    await registerBySignature(world, phone, world.user as Key);
    const dialog = await call(id);
    expect((await phone.inDialog(dialog, 'INVITE', { body: '' })).status).toBe(488);
    const mixed = { body: 'a', type: 'multipart/mixed;boundary=b' };
    for (const method of ['INVITE', 'UPDATE', 'PRACK'])
      expect((await phone.inDialog(dialog, method, mixed)).status).toBe(488);
    const before = line.heard.length;
    await eventually(async () => line.heard.length > before + 50, 'sound of a call that goes on');
    expect((await phone.inDialog(dialog, 'BYE')).status).toBe(200);
  });

  test('that stops without a BYE ends the call, billed to the last packet', async () => {
    const id = await openEscrow(world, 10_000_000n);
    const dialog = await call(id);
    const silentSince = Date.now();
    line.close(); // the phone's network is gone
    const bye = await phone.waitFor('BYE', 60_000);
    expect(bye.first).toContain('BYE');
    expect(Date.now() - silentSince).toBeGreaterThanOrEqual(18_000);
    const cdr = await settled(world, dialog.callId);
    expect(cdr).toMatchObject({ hangupBy: 'provider' });
    expect(Date.parse(cdr.endedAt)).toBeLessThanOrEqual(silentSince + 1_000); // rtpengine counts whole seconds
    expect(Date.parse(cdr.endedAt)).toBeGreaterThanOrEqual(Date.parse(cdr.answeredAt ?? ''));
    await eventually(async () => exchange.gateway.calls() === 0, 'the end at the gateway');
  });
});
