import { randomUUID } from 'node:crypto';
import type { BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openPhone, type Phone } from '../../cli/phone/phone.ts';
import { openUdp, type Receive } from '../../cli/phone/sip-transport.ts';
import type { Key } from '../../protocol/sign/key.ts';
import { callFlags } from '../../test/browser/chromium.ts';
import { createFundedAccount } from '../../test/harness/accounts.ts';
import { type Exchange, hasExchange, startExchange } from '../../test/harness/exchange.ts';
import {
  type ProviderWorld,
  registerBySignature,
  startLimitMs,
  startProviderWorld,
} from '../../test/harness/provider.ts';
import { type Browser, type PushService, startPushService } from '../../test/harness/push-service.ts';
import { eventually } from '../../test/harness/world.ts';
import { type CallPush, pathOf, readPush } from '../phone/worker/read-push.ts';
import { openPurse } from './purse-page.ts';
import { useSite } from './site.ts';
import { controlled, reachWorker } from './worker.ts';

const canRun = await hasExchange();
const settings: Record<string, unknown> = {};
const site = useSite({ settings, flags: callFlags });
const soon = { timeout: 30_000 };

/** The page as everybody has it, a provider's real kit, and a push service that decrypts as a browser does. */
describe.runIf(canRun)('a page that sleeps', { timeout: 180_000 }, () => {
  let world: ProviderWorld;
  let exchange: Exchange;
  let service: PushService;
  let caller: Phone;
  let page: Page;
  let context: BrowserContext;
  let browser: Browser;
  let callee: string;
  beforeAll(async () => {
    service = await startPushService();
    const env = { KRYPTON_PROVIDER_PUSH_HOSTS: service.host, KRYPTON_PROVIDER_ALLOW_PRIVATE: 'yes' };
    world = await startProviderWorld(env, { rtpengine: true });
    exchange = await startExchange(world);
    const { address } = world.provider;
    settings.contract = world.contract;
    settings.providers = [{ address, ws: `ws://127.0.0.1:${world.ports.ws}`, domain: 'krypton.test' }];
    const open = (receive: Receive) => openUdp(world.ports.sip, receive);
    caller = await openPhone({ domain: 'krypton.test', user: world.user.address, open });
    await registerBySignature(world, caller, world.user as Key);
    const key = await createFundedAccount();
    await world.send(key, 'register', { user: key.address, provider: address, uuid: randomUUID() });
    callee = key.address;
    browser = service.subscribe();
    ({ page, context } = await openPurse(site, key, world.network));
    await context.grantPermissions(['microphone']);
    await controlled(page);
    await permit(page, 'prompt');
    await context.addInitScript(subscribed, browser.subscription);
    const kept = new Promise((resolve) => {
      page.on('websocket', (socket) =>
        socket.on('framereceived', ({ payload }) => payload.includes('X-Krypton-Push: kept') && resolve(true)),
      );
    });
    await page.reload();
    await page.getByRole('link', { name: 'Phone' }).click();
    await page.getByText('Connected').waitFor(soon);
    await permit(page, 'granted'); // what they will answer
    await page.getByRole('button', { name: 'Let it ring' }).click();
    await kept;
    await context.grantPermissions(['notifications', 'microphone']);
  }, startLimitMs);
  afterAll(async () => {
    caller?.close();
    await exchange?.stop();
    await world?.stopAll();
    service?.stop();
  });

  /** The provider wakes it: what it shows then is tapped. */
  async function wake(by: Page, callId: string): Promise<CallPush> {
    const worker = await reachWorker(by, site.url());
    const { payload } = await eventually(async () => browser.pushes.shift(), 'a push', 15_000);
    await worker.push(JSON.stringify(payload));
    await expect.poll(worker.titles, soon).toEqual([`Call from ${world.user.address}`]);
    await worker.tap(callId);
    return readPush(JSON.stringify(payload)) ?? expect.fail('no call');
  }

  async function answer(calling: ReturnType<Phone['call']>): Promise<void> {
    await page.getByRole('button', { name: 'Answer' }).click(soon);
    expect((await calling).answer.status).toBe(200);
    await page.getByRole('button', { name: 'Hang up' }).click(soon);
    await caller.waitFor('BYE');
    await page.getByText('You hung up').waitFor();
  }

  const call = (callId: string) => caller.call(callee, { callId, limitMs: 60_000 });

  test('hears nothing, is woken by the push, and answers', async () => {
    // as a system puts it to sleep: it stands still, and its connection stays open
    const session = await context.newCDPSession(page);
    await session.send('Debugger.enable');
    const asleep = new Promise((resolve) => session.once('Debugger.paused', resolve));
    await session.send('Debugger.pause');
    await asleep;
    const callId = randomUUID();
    const calling = call(callId);
    await wake(page, callId);
    await session.send('Debugger.disable');
    await answer(calling);
  });

  test('or was closed, is opened by the push, and answers', async () => {
    await page.close();
    page = await context.newPage();
    await context.grantPermissions(['notifications', 'microphone']); // a browser keeps them, a page of Playwright's does not
    const callId = randomUUID();
    const calling = call(callId);
    const push = await wake(page, callId);
    // a browser opens no window for a finger that is none
    await page.goto(`${site.url()}/${pathOf(push)}`);
    await answer(calling);
  });
});

async function permit(page: Page, setting: 'prompt' | 'granted'): Promise<void> {
  const session = await page.context().newCDPSession(page);
  const { browserContextId = '' } = (await session.send('Target.getTargetInfo')).targetInfo;
  await session.send('Browser.setPermission', { permission: { name: 'notifications' }, setting, browserContextId });
}

/** No push service but a vendor's knows a browser, and headless Chromium has none: the subscription is the test's own. */
function subscribed(text: string): void {
  const subscription = { toJSON: () => JSON.parse(text) } as PushSubscription;
  let made: PushSubscription | null = null;
  PushManager.prototype.getSubscription = async () => made;
  PushManager.prototype.subscribe = async () => {
    made = subscription;
    return made;
  };
}
