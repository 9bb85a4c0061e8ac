import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Line, openLine } from '../cli/phone/line.ts';
import { openPhone, type Phone } from '../cli/phone/phone.ts';
import { openUdp, type Receive } from '../cli/phone/sip-transport.ts';
import type { Key } from '../protocol/sign/key.ts';
import type { Address } from '../protocol/types/address.ts';
import { createRtpengine, type Rtpengine } from '../provider/service/rtpengine.ts';
import { createFundedAccounts } from './harness/accounts.ts';
import { type Exchange, hasExchange, loudest, startExchange } from './harness/exchange.ts';
import { type ProviderWorld, registerBySignature, startLimitMs, startProviderWorld } from './harness/provider.ts';
import { eventually } from './harness/world.ts';

/** Two whole kits on one machine. Sound between their users goes through the rtpengine of each. */
describe.runIf(await hasExchange())('the sound between users of two providers', { timeout: 120_000 }, () => {
  type Side = { phone: Phone; line: Line; asked: Rtpengine };
  let world: ProviderWorld;
  let [alice, bob]: Side[] = [];
  const exchanges: Exchange[] = [];
  const sides: Side[] = [];
  beforeAll(async () => {
    const env = { KRYPTON_PROVIDER_ALLOW_PRIVATE: 'yes' };
    world = await startProviderWorld(env, { rtpengine: true });
    const [second, user] = (await createFundedAccounts(2)) as [Key, Key];
    const other = await world.addProvider(second, env);
    const at = ({ ports }: { ports: { sip: number } }) => `127.0.0.1:${ports.sip}`;
    await world.send(second, 'deploy', { provider: second.address, location: at(other) });
    await world.send(world.provider, 'relocate', { provider: world.provider.address, location: at(world) });
    await world.send(user, 'register', { user: user.address, provider: second.address, uuid: randomUUID() });
    for (const kit of [world, other]) exchanges.push(await startExchange(kit));
    alice = await sideOf(world.user as Key, world, world.provider.address);
    bob = await sideOf(user, other, second.address);
  }, startLimitMs);
  afterAll(async () => {
    for (const { phone, line, asked } of sides) {
      phone.close();
      line.close();
      asked.close();
    }
    for (const exchange of exchanges) await exchange.stop();
    await world?.stopAll();
  });

  async function sideOf(user: Key, { ports }: Pick<ProviderWorld, 'ports'>, provider: Address): Promise<Side> {
    const line = await openLine('tone');
    const open = (receive: Receive) => openUdp(ports.sip, receive);
    const phone = await openPhone({ domain: 'krypton.test', user: user.address, open, sdp: line.sdp });
    const side = { phone, line, asked: createRtpengine('127.0.0.1', ports.rtpengine) };
    sides.push(side);
    await registerBySignature({ ...world, provider: { ...world.provider, address: provider } }, phone, user);
    return side;
  }

  /** Each hears the other, from now on. */
  async function expectSound(): Promise<void> {
    for (const { line } of sides) line.heard.length = 0;
    for (const { line, phone } of sides)
      await eventually(async () => line.heard.length > 50 && loudest(line) > 7_000, `sound at ${phone.user}`);
  }

  test.each<[string, () => [Side | undefined, Side | undefined]]>([
    ['from one to the other', () => [alice, bob]],
    ['and back', () => [bob, alice]],
  ])('goes through both, %s: both are heard, after a hold too', async (_, parties) => {
    const [caller, called] = parties() as [Side, Side];
    const { answer, dialog } = await caller.phone.call(called.phone.user);
    expect(answer.first).toBe('SIP/2.0 200 OK');
    const offer = await called.phone.waitFor('INVITE');
    caller.line.connect(answer.body);
    called.line.connect(offer.body);
    await expectSound();
    for (const { asked } of sides) {
      const counted = (await asked.query(dialog.callId)) ?? [];
      expect(counted.map(({ packets }) => packets > 50)).toEqual([true, true]);
    }

    const reoffer = (body: string) => caller.phone.inDialog(dialog, 'INVITE', { body, type: 'application/sdp' });
    const { sdp } = caller.line;
    expect((await reoffer(sdp.replace('a=sendrecv', 'a=sendonly'))).status).toBe(200);
    const resumed = await reoffer(sdp);
    expect(resumed.status).toBe(200);
    caller.line.connect(resumed.body);
    await expectSound();
    expect((await caller.phone.inDialog(dialog, 'BYE')).status).toBe(200);
    await called.phone.waitFor('BYE');
  });
});
