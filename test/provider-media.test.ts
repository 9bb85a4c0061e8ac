import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Gateway, openGateway } from '../cli/phone/gateway.ts';
import { type Line, openLine } from '../cli/phone/line.ts';
import { openPhone, type Phone } from '../cli/phone/phone.ts';
import { openUdp, type Receive } from '../cli/phone/sip-transport.ts';
import { fromMuLaw } from '../cli/phone/sound.ts';
import { listCdrs } from '../protocol/api/cdrs.ts';
import { createClient } from '../protocol/api/client.ts';
import type { Key } from '../protocol/sign/key.ts';
import { hasKamailio, type Kamailio, startKamailio } from './harness/kamailio.ts';
import { type ProviderWorld, registerBySignature, startLimitMs, startProviderWorld } from './harness/provider.ts';
import { hasRtpengine, startRtpengine } from './harness/rtpengine.ts';
import { eventually, openEscrow } from './harness/world.ts';

/** Sound through the real rtpengine, from a phone to the gateway's stand-in that `npm run phone` has too. */
describe.runIf((await hasKamailio()) && (await hasRtpengine()))('the sound of a call', { timeout: 180_000 }, () => {
  let world: ProviderWorld;
  let kamailio: Kamailio;
  let rtpengine: { stop(): Promise<void> };
  let gateway: Gateway;
  let phone: Phone;
  let line: Line;
  beforeAll(async () => {
    world = await startProviderWorld({}, { rtpengine: true });
    rtpengine = await startRtpengine(world.kit, world.ports.rtpengine);
    kamailio = await startKamailio(world.kit, world.ports.sip);
    gateway = await openGateway(world.gateway, () => {});
    line = await openLine('tone');
    const open = (receive: Receive) => openUdp(world.ports.sip, receive);
    phone = await openPhone({ domain: 'krypton.test', user: world.user.address, open, sdp: line.sdp });
    await registerBySignature(world, phone, world.user as Key);
  }, startLimitMs);
  afterAll(async () => {
    phone?.close();
    line?.close();
    gateway?.close();
    await kamailio?.stop();
    await rtpengine?.stop();
    await world?.stopAll();
  });

  const loudest = () => Math.max(...line.heard.flatMap((payload) => [...payload].map(fromMuLaw)));
  async function call(id: bigint) {
    line.heard.length = 0;
    const { answer, dialog } = await phone.call('+31201234567', { headers: { 'X-Krypton-Escrow': String(id) } });
    expect(answer.status).toBe(200);
    line.connect(answer.body);
    await eventually(async () => line.heard.length > 50, 'sound from the gateway');
    return dialog;
  }
  async function settled(callId: string) {
    const api = createClient({ url: world.apiUrl, signer: world.provider });
    return eventually(
      async () => {
        const { items } = await api.call(listCdrs, { query: { callId } });
        return items.find(({ state }) => state === 'settled');
      },
      `the settlement of ${callId}`,
      90_000,
    );
  }

  test('comes from both sides, can be heard, and goes on after a hold', async () => {
    const dialog = await call(await openEscrow(world, 10_000_000n));
    expect(loudest()).toBeGreaterThan(7_000);
    const held = line.sdp.replace('a=sendrecv', 'a=sendonly');
    const offer = (body: string) => phone.inDialog(dialog, 'INVITE', { body, type: 'application/sdp' });
    expect((await offer(held)).status).toBe(200);
    const resumed = await offer(line.sdp);
    expect(resumed.status).toBe(200);
    line.connect(resumed.body);
    const before = line.heard.length;
    await eventually(async () => line.heard.length > before + 50, 'sound after the hold');
    expect((await phone.inDialog(dialog, 'BYE')).status).toBe(200);
    await eventually(async () => gateway.calls() === 0, 'the end at the gateway');
    expect(await settled(dialog.callId)).toMatchObject({ disposition: 'answered', hangupBy: 'caller' });
  });

  test('that stops without a BYE ends the call, billed to the last packet', async () => {
    const id = await openEscrow(world, 10_000_000n);
    const dialog = await call(id);
    const silentSince = Date.now();
    line.close(); // the phone's network is gone
    const bye = await phone.waitFor('BYE', 60_000);
    expect(bye.first).toContain('BYE');
    expect(Date.now() - silentSince).toBeGreaterThanOrEqual(18_000);
    const cdr = await settled(dialog.callId);
    expect(cdr).toMatchObject({ hangupBy: 'provider' });
    expect(Date.parse(cdr.endedAt)).toBeLessThanOrEqual(silentSince + 1_000); // rtpengine counts whole seconds
    expect(Date.parse(cdr.endedAt)).toBeGreaterThanOrEqual(Date.parse(cdr.answeredAt ?? ''));
    await eventually(async () => gateway.calls() === 0, 'the end at the gateway');
  });
});
