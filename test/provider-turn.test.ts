import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { openPhone, type Phone } from '../cli/phone/phone.ts';
import { headerOf } from '../cli/phone/sip-message.ts';
import { openWebSocket, type Receive } from '../cli/phone/sip-transport.ts';
import type { Key } from '../protocol/sign/key.ts';
import { pickPort } from '../stack/ports.ts';
import { hasCoturn, relayPackets, startCoturn, startEcho } from './harness/coturn.ts';
import { hasKamailio, type Kamailio, startKamailio } from './harness/kamailio.ts';
import { type ProviderWorld, registerBySignature, startLimitMs, startProviderWorld } from './harness/provider.ts';

const iceServer = z.object({ urls: z.array(z.string()), username: z.string(), credential: z.string() });

/** Where no UDP gets through, a phone's sound goes by the provider's coturn: the real one takes what REGISTER gave. */
describe.runIf((await hasKamailio()) && (await hasCoturn()))('a relay for sound', { timeout: 120_000 }, () => {
  let world: ProviderWorld;
  let kamailio: Kamailio;
  let phone: Phone;
  let [port, peerPort] = [0, 0];
  const parts: { stop(): Promise<void> }[] = [];
  beforeAll(async () => {
    port = await pickPort(new Set());
    peerPort = await pickPort(new Set([port]));
    world = await startProviderWorld({}, { turn: [`turn:127.0.0.1:${port}?transport=tcp`] });
    appendFileSync(join(world.kit, 'turnserver.conf'), 'allow-loopback-peers\n');
    parts.push(await startCoturn(world.kit, port), await startEcho(peerPort));
    kamailio = await startKamailio(world.kit, world.ports.sip);
    const open = (receive: Receive) => openWebSocket(`ws://127.0.0.1:${world.ports.ws}`, receive);
    phone = await openPhone({ domain: 'krypton.test', user: world.user.address, open });
  }, startLimitMs);
  afterAll(async () => {
    phone?.close();
    for (const part of parts) await part.stop();
    await kamailio?.stop();
    await world?.stopAll();
  });

  test('is opened with what the 200 to REGISTER carries, and with nothing else', async () => {
    const session = await registerBySignature(world, phone, world.user as Key);
    const answer = await phone.register({ 'X-Krypton-Session': session });
    const { urls, username, credential } = iceServer.parse(JSON.parse(headerOf(answer, 'X-Krypton-Turn') ?? ''));
    expect(urls).toEqual([`turn:127.0.0.1:${port}?transport=tcp`]);
    const [until = '', user] = username.split(':');
    expect(user).toBe(world.user.address);
    expect(Number(until) * 1000).toBeGreaterThan(Date.now() + 14_400_000); // the longest call
    expect(await relayPackets(port, peerPort, username, credential)).toContain('Total lost packets 0');

    const later = `${Number(until) + 1}:${user}`;
    expect(await relayPackets(port, peerPort, later, credential)).not.toContain('Total lost packets 0');
    expect(headerOf(await phone.register(), 'X-Krypton-Turn')).toBeUndefined();
  });
});
