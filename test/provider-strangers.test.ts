import { randomBytes } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Dialog, openPhone, type Phone } from '../cli/phone/phone.ts';
import { headerOf, type SipMessage, writeSip } from '../cli/phone/sip-message.ts';
import { openUdp, type Receive } from '../cli/phone/sip-transport.ts';
import { createKey, type Key } from '../protocol/sign/key.ts';
import { hasKamailio, type Kamailio, startKamailio } from './harness/kamailio.ts';
import { type ProviderWorld, registerBySignature, startLimitMs, startProviderWorld } from './harness/provider.ts';
import { eventually, openEscrow } from './harness/world.ts';

/** What phones say that are not the kit's, over the real Kamailio: nobody talks for nothing. */
describe.runIf(await hasKamailio())('a phone of one’s own making', { timeout: 120_000 }, () => {
  let world: ProviderWorld;
  let kamailio: Kamailio;
  let gateway: Phone;
  let user: Phone;
  let stranger: Phone;
  beforeAll(async () => {
    world = await startProviderWorld();
    kamailio = await startKamailio(world.kit, world.ports.sip);
    const open = (receive: Receive) => openUdp(world.ports.sip, receive);
    gateway = await openPhone({
      domain: 'krypton.test',
      user: 'gateway',
      ringMs: 200,
      open: (receive) => openUdp(world.ports.sip, receive, world.gateway),
    });
    user = await openPhone({ domain: 'krypton.test', user: world.user.address, open });
    await registerBySignature(world, user, world.user as Key);
    stranger = await openPhone({ domain: 'krypton.test', user: createKey().address, open });
  }, startLimitMs);
  afterAll(async () => {
    for (const phone of [user, gateway, stranger]) phone?.close();
    await kamailio?.stop();
    await world?.stopAll();
  });

  const toGateway = (method: string, since = 0) =>
    gateway.requests.slice(since).filter((each) => each.method === method);
  const routes = () => [`<sip:127.0.0.1:${world.ports.sip};lr>`];
  const made = (phone: Phone): Dialog => ({
    callId: randomBytes(8).toString('hex'),
    local: `<sip:${phone.user}@krypton.test>;tag=mine`,
    remote: '<sip:+31201234567@krypton.test>;tag=yours',
    target: `sip:+31201234567@127.0.0.1:${world.gateway}`,
    routes: routes(),
    seq: 1,
  });
  async function call() {
    const id = await openEscrow(world, 10_000_000n);
    const { answer, dialog } = await user.call('+31201234567', { headers: { 'X-Krypton-Escrow': String(id) } });
    expect(answer.status).toBe(200);
    return dialog;
  }
  const recorded = (callId: string) =>
    eventually(async () => {
      const { items } = (await world.ask('/calls')).body as { items: { callId: string }[] };
      return items.every((each) => each.callId !== callId);
    }, 'the end of the call');

  test.each(['INVITE', 'MESSAGE', 'UPDATE', 'REFER', 'INFO', 'SUBSCRIBE'])(
    'reaches no gateway by a %s of a call that there is not',
    async (method) => {
      for (const phone of [stranger, user]) {
        const before = gateway.requests.length;
        const answer = await phone.inDialog(made(phone), method, { body: 'x', type: 'text/plain' });
        expect([405, 481]).toContain(answer.status);
        expect(toGateway(method, before)).toEqual([]);
      }
    },
  );

  test('transfers no call to a number that nobody pays', async () => {
    const dialog = await call();
    const refer = await user.inDialog(dialog, 'REFER', { headers: { 'Refer-To': '<sip:+882123@gateway>' } });
    expect(refer.status).toBe(405);
    expect(toGateway('REFER')).toEqual([]);
    expect((await user.inDialog(dialog, 'BYE')).status).toBe(200);
  });

  test.each<[string, (dialog: Dialog) => Dialog, Record<string, string>]>([
    ['to somewhere else', (dialog) => ({ ...dialog, target: 'sip:nobody@127.0.0.1:9' }), {}],
    ['by another way', (dialog) => ({ ...dialog, routes: [...dialog.routes, '<sip:127.0.0.1:9;lr>'] }), {}],
    ['that asks for what nobody has', (dialog) => dialog, { Require: 'nothing' }],
    ['that is out of order', (dialog) => ({ ...dialog, seq: -1 }), {}],
  ])('ends on the other side as well, by a BYE %s', async (_, change, headers) => {
    const dialog = await call();
    const before = gateway.requests.length;
    await user.inDialog(change(dialog), 'BYE', { headers });
    await recorded(dialog.callId);
    const [bye] = await eventually(async () => {
      const byes = toGateway('BYE', before);
      return byes.length > 0 ? byes : undefined;
    }, 'the BYE');
    expect(headerOf(bye as SipMessage, 'Require')).toBeUndefined();
  });

  test('is hung up on where its call is none that is under way', async () => {
    const dialog = await call();
    const before = gateway.requests.length;
    const at = String(Date.now() / 1_000);
    const moments = { start_time: at, end_time: at, duration: '0' };
    const ended = { kind: 'ended', callId: dialog.callId, ...moments, status: '200', by: 'caller' };
    expect((await world.ask('/reports', { reports: [ended] })).body).toEqual({ results: ['recorded'] });
    await eventually(async () => toGateway('BYE', before)[0], 'the BYE');
  });

  test('makes no call free by a BYE before its answer', async () => {
    const id = await openEscrow(world, 10_000_000n);
    let early: Promise<SipMessage> | undefined;
    const { dialog } = await user.call('+31201234567', {
      headers: { 'X-Krypton-Escrow': String(id) },
      onProvisional: (ringing) => {
        if (ringing.status !== 180) return;
        const callId = headerOf(ringing, 'Call-ID') ?? '';
        early ??= user.inDialog({ ...made(user), callId, local: headerOf(ringing, 'From') ?? '', routes: [] }, 'BYE');
      },
    });
    expect((await early)?.status).toBe(481);
    await setTimeout(200);
    expect((await user.inDialog({ ...dialog, seq: 10 }, 'BYE')).status).toBe(200);
    await recorded(dialog.callId);
    const { items } = (await world.ask('/calls/newest')).body;
    const call = items.find(({ callId }: { callId: string }) => callId === dialog.callId);
    expect(call).toMatchObject({ end: 'answered', endedBy: 'caller' });
    expect(call.talkedMs).toBeGreaterThan(100);
  });

  const ownContact = '<sip:a@127.0.0.1:9>';
  test.each<[string, Record<string, string>]>([
    ['without a Contact', { Contact: '' }],
    ['with a Contact for all', { Contact: '*' }],
    ['with an empty Contact', { Contact: '<>' }],
    ['with a Contact of half an address', { Contact: '<sip:a@[::1>' }],
    ['with a Contact that is no SIP address', { Contact: '<tel:+31201234567>' }],
    ['with a Record-Route that can’t be read', { Contact: ownContact, 'Record-Route': '@@@' }],
  ])('reaches no gateway by an INVITE %s, which nobody could end', async (_, headers) => {
    const id = await openEscrow(world, 10_000_000n);
    const before = gateway.requests.length;
    const to = 'sip:+31201234567@krypton.test';
    const answer = await user.inDialog({ ...made(user), target: to, remote: `<${to}>`, routes: [] }, 'INVITE', {
      headers: { ...headers, 'X-Krypton-Escrow': String(id) },
    });
    expect(answer.status).toBe(400);
    expect(toGateway('INVITE', before)).toEqual([]);
    await recorded(headerOf(answer, 'Call-ID') ?? '');
  });

  test('stays registered by nothing that only looks like an end', async () => {
    const contact = `<sip:${user.user}@${user.transport.local}>`;
    for (const [expires, given] of [
      ['0', `${contact};expires=600`],
      ['600', `${contact};expires=0600`],
      ['600', `${contact};expires=0, ${contact};expires=600`],
    ] as const)
      expect((await user.register({ Expires: expires, Contact: given })).status).toBe(401);
  });

  test('tells the other side nothing that only the kit may say, and no other caller', async () => {
    const before = gateway.requests.length;
    const id = await openEscrow(world, 10_000_000n);
    const { dialog } = await user.call('+31201234567', {
      headers: {
        'X-Krypton-Escrow': String(id),
        'X-Krypton-Reason': 'made up',
        'P-Asserted-Identity': '<sip:+1@x>',
        Route: '<sip:127.0.0.1:9;lr>',
      },
    });
    const [invite] = toGateway('INVITE', before);
    for (const name of ['X-Krypton-Escrow', 'X-Krypton-Reason', 'P-Asserted-Identity', 'Route'])
      expect(headerOf(invite as SipMessage, name)).toBeUndefined();
    expect((await user.inDialog(dialog, 'BYE')).status).toBe(200);
  });

  test('begins no second call with the Call-ID and the tag of the first', async () => {
    const callId = randomBytes(8).toString('hex');
    const invite = (to: string, seq: number) => {
      const branch = `z9hG4bK${randomBytes(8).toString('hex')}`;
      const head: [string, string][] = [
        ['Via', `SIP/2.0/UDP ${user.transport.local};branch=${branch};rport`],
        ['Max-Forwards', '70'],
        ['From', `<sip:${user.user}@krypton.test>;tag=same`],
        ['To', `<sip:${to}@krypton.test>`],
        ['Call-ID', callId],
        ['CSeq', `${seq} INVITE`],
        ['Contact', `<sip:${user.user}@${user.transport.local}>`],
      ];
      user.transport.send(writeSip(`INVITE sip:${to}@krypton.test SIP/2.0`, head));
    };
    const before = gateway.requests.length;
    invite(user.user, 1);
    await user.waitFor('INVITE');
    invite('+31201234567', 2);
    await setTimeout(1_000);
    expect(toGateway('INVITE', before)).toEqual([]);
  });
});
