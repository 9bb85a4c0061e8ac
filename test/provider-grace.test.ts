import { writeFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openPhone, type Phone } from '../cli/phone/phone.ts';
import { headerOf } from '../cli/phone/sip-message.ts';
import { openUdp, openWebSocket, type Receive } from '../cli/phone/sip-transport.ts';
import type { Key } from '../protocol/sign/key.ts';
import { pickPort } from '../stack/ports.ts';
import { settled } from './harness/exchange.ts';
import { hasKamailio, type Kamailio, startKamailio } from './harness/kamailio.ts';
import { type ProviderWorld, registerBySignature, startLimitMs, startProviderWorld } from './harness/provider.ts';
import { eventually, openEscrow } from './harness/world.ts';

const GRACE_S = 5;
const hasIPv6 = Object.values(networkInterfaces()).some((each) => each?.some(({ address }) => address === '::1'));

/** A WebSocket that is cut in the middle of a call. */
describe.runIf(await hasKamailio())('a phone that is cut off', { timeout: 120_000 }, () => {
  let world: ProviderWorld;
  let kamailio: Kamailio;
  let gateway: Phone;
  let port6 = 0;
  const phones: Phone[] = [];
  beforeAll(async () => {
    world = await startProviderWorld({ KRYPTON_PROVIDER_GRACE_S: String(GRACE_S) });
    port6 = await pickPort(new Set(Object.values(world.ports).flat()));
    if (hasIPv6) writeFileSync(join(world.kit, 'kamailio', 'local.cfg'), `listen=tcp:[::1]:${port6}\n`);
    kamailio = await startKamailio(world.kit, world.ports.sip);
    gateway = await phoneAt('gateway', (receive) => openUdp(world.ports.sip, receive, world.gateway));
  }, startLimitMs);
  afterAll(async () => {
    for (const phone of phones) phone.close();
    await kamailio?.stop();
    await world?.stopAll();
  });

  const overWebSocket = (receive: Receive) => openWebSocket(`ws://127.0.0.1:${world.ports.ws}`, receive);
  async function phoneAt(user: string, open = overWebSocket): Promise<Phone> {
    const phone = await openPhone({ domain: 'krypton.test', user, open });
    phones.push(phone);
    return phone;
  }
  async function call(open = overWebSocket) {
    gateway.requests.length = 0;
    const id = await openEscrow(world, 10_000_000n);
    const phone = await phoneAt(world.user.address, open);
    const session = await registerBySignature(world, phone, world.user as Key);
    const { answer, dialog } = await phone.call('+31201234567', { headers: { 'X-Krypton-Escrow': String(id) } });
    expect(answer.status).toBe(200);
    return { phone, session, dialog };
  }
  const seen = async (method: string) =>
    eventually(async () => gateway.requests.find((each) => each.method === method), `${method} at the gateway`, 40_000);

  test('comes back by its session, and its call goes on', async () => {
    const { phone, session, dialog } = await call();
    phone.close();
    const again = await phoneAt(world.user.address);
    expect((await again.inDialog(dialog, 'INVITE')).status).toBe(403); // not registered there yet
    expect((await again.register({ 'X-Krypton-Session': session })).status).toBe(200);
    const answer = await again.inDialog(dialog, 'INVITE');
    expect([answer.status, headerOf(answer, 'X-Krypton-Reason')]).toEqual([200, undefined]);
    await new Promise((resolve) => setTimeout(resolve, (GRACE_S + 2) * 1_000));
    expect(gateway.requests.some(({ method }) => method === 'BYE')).toBe(false);
    const hangingUp = Date.now();
    expect((await again.inDialog(dialog, 'BYE')).status).toBe(200);
    const cdr = await settled(world, dialog.callId);
    expect(cdr).toMatchObject({ hangupBy: 'caller' });
    expect(Date.parse(cdr.endedAt)).toBeGreaterThanOrEqual(hangingUp);
  });

  const overIPv6 = (receive: Receive) => openWebSocket(`ws://[::1]:${port6}`, receive);
  test.each([['and does', overWebSocket] as const, ...(hasIPv6 ? [['over IPv6 and does', overIPv6] as const] : [])])(
    '%s not come back: its call ends, billed until it was cut off',
    async (_, open) => {
      const { phone, dialog } = await call(open);
      const cutOff = Date.now();
      phone.close();
      await seen('BYE');
      expect(Date.now() - cutOff).toBeGreaterThanOrEqual(GRACE_S * 1_000);
      const cdr = await settled(world, dialog.callId);
      expect(cdr).toMatchObject({ hangupBy: 'provider' });
      expect(Date.parse(cdr.endedAt)).toBeGreaterThanOrEqual(cutOff);
      expect(Date.parse(cdr.endedAt)).toBeLessThan(cutOff + GRACE_S * 1_000); // Kamailio tells of it within a second or two
    },
  );
});
