import type { CDPSession, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openPhone, type Phone } from '../../../cli/phone/phone.ts';
import { openUdp } from '../../../cli/phone/sip-transport.ts';
import type { Key } from '../../../protocol/sign/key.ts';
import { createFundedAccount } from '../../../test/harness/accounts.ts';
import { type Exchange, hasExchange, startExchange } from '../../../test/harness/exchange.ts';
import {
  type ProviderWorld,
  registerBySignature,
  startLimitMs,
  startProviderWorld,
} from '../../../test/harness/provider.ts';
import { openTelephones, waitForState } from './site.ts';

const canRun = await hasExchange();
const [SOME, ALL] = [10, 50];
/** SIP remembers what was asked for 32 s (RFC 3261, 64*T1), and JsSIP the call with it; twice that on a busy machine. */
const TRANSACTION_MS = 64_000;
/** A line of the history stays of each call, in the heap too: 6 kB were seen. With all that a call is made of, 12 kB. */
const MOST_BYTES_A_CALL = 9_000;

describe.runIf(canRun)('a page that has many calls', { timeout: 300_000 }, () => {
  let world: ProviderWorld;
  let exchange: Exchange;
  let telephones: Awaited<ReturnType<typeof openTelephones>>;
  let bob: Phone;
  beforeAll(async () => {
    // nobody calls so often, so no provider lets them
    const never = { warn: null, refuse: null };
    world = await startProviderWorld({}, { rtpengine: true }, undefined, { perMinute: never, sequence: never });
    const bobKey = await createFundedAccount();
    const provider = world.provider.address;
    await world.send(bobKey, 'register', { user: bobKey.address, provider, uuid: crypto.randomUUID() });
    exchange = await startExchange(world);
    telephones = await openTelephones(world);
    const open = (receive: (text: string) => void) => openUdp(world.ports.sip, receive);
    bob = await openPhone({ domain: 'krypton.test', user: bobKey.address, open });
    await registerBySignature(world, bob, bobKey);
  }, startLimitMs);
  afterAll(async () => {
    await telephones?.close();
    bob?.close();
    await exchange?.stop();
    await world?.stopAll();
  });

  async function call(page: Page): Promise<void> {
    expect(await page.evaluate((to) => telephonePage.call(to), bob.user)).toBe('called');
    await waitForState(page, 'talking');
    await page.getByRole('button', { name: 'Hang up' }).click();
    await expect.poll(() => page.evaluate(() => telephonePage.state())).toBeNull();
  }

  /** What is left once nothing of a call is shown, and SIP waits for nothing any more. */
  async function left(page: Page, session: CDPSession) {
    await expect.poll(() => page.evaluate(() => telephonePage.states().length), { timeout: 20_000 }).toBe(0);
    await expect.poll(() => connections(session), { timeout: TRANSACTION_MS, interval: 2_000 }).toBe(0);
    for (let times = 0; times < 3; times += 1) await session.send('HeapProfiler.collectGarbage');
    const { usedSize } = await session.send('Runtime.getHeapUsage');
    const { nodes, jsEventListeners } = await session.send('Memory.getDOMCounters');
    return { bytes: usedSize, nodes, listeners: jsEventListeners };
  }

  /** Those that live, also where they are closed: each holds the threads and buffers of a call. */
  async function connections(session: CDPSession): Promise<number> {
    const objectGroup = 'counted';
    const { result } = await session.send('Runtime.evaluate', {
      expression: 'RTCPeerConnection.prototype',
      objectGroup,
    });
    const asked = { prototypeObjectId: result.objectId ?? '', objectGroup };
    const { objects } = await session.send('Runtime.queryObjects', asked);
    const functionDeclaration = 'function () { return this.length; }';
    const length = { objectId: objects.objectId ?? '', functionDeclaration, returnByValue: true };
    const { value } = (await session.send('Runtime.callFunctionOn', length)).result;
    await session.send('Runtime.releaseObjectGroup', { objectGroup });
    return value;
  }

  test('keeps nothing of them but their history', async () => {
    const alice = await telephones.open(world.user as Key, { price: null });
    await alice.start();
    const session = await alice.context.newCDPSession(alice.page);
    for (let calls = 0; calls < SOME; calls += 1) await call(alice.page);
    const before = await left(alice.page, session);
    for (let calls = SOME; calls < ALL; calls += 1) await call(alice.page);
    const after = await left(alice.page, session);
    console.log(`after ${SOME} calls ${JSON.stringify(before)}, after ${ALL} ${JSON.stringify(after)}`);
    expect(after.nodes).toBeLessThan(before.nodes + ALL - SOME);
    expect(after.listeners).toBeLessThan(before.listeners + ALL - SOME);
    expect((after.bytes - before.bytes) / (ALL - SOME)).toBeLessThan(MOST_BYTES_A_CALL);
    expect(alice.complaints).toEqual([]);
  });
});
