import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bytesToHex } from '@noble/hashes/utils.js';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { expect, inject } from 'vitest';
import { createKey, type Key } from '../../../protocol/sign/key.ts';
import { bytesOfHex } from '../../../protocol/types/bytes.ts';
import { servePages } from '../../../stack/serve-pages.ts';
import { callFlags, chromiumFlags } from '../../../test/browser/chromium.ts';
import type { ProviderWorld } from '../../../test/harness/provider.ts';
import { openEscrow, terms } from '../../../test/harness/world.ts';
import { buildPage } from '../../build/build.ts';
import { expectSound as expectSoundIn } from '../expect-sound.ts';
import type { Given } from './page.tsx';

/** Locks that keep the screen on are counted, as far as they are not given back. */
const countWakeLocks = `globalThis.wakeLocks = new Set();
  const request = navigator.wakeLock?.request;
  if (request) navigator.wakeLock.request = async (kind) => {
    const lock = await request.call(navigator.wakeLock, kind);
    wakeLocks.add(lock);
    lock.addEventListener('release', () => wakeLocks.delete(lock));
    return lock;
  };`;

export type Telephone = {
  page: Page;
  context: BrowserContext;
  /** What the page complained of: nothing may. */
  complaints: string[];
  start(): Promise<void>;
  close(): Promise<void>;
};

type Started = { /** Another Chromium than the machine's. */ program?: string; flags?: readonly string[] };

/** Telephones in pages, each in a browser context of its own, against one provider. */
export async function openTelephones(world: ProviderWorld, { program, flags = callFlags }: Started = {}) {
  const found = inject('chromium');
  if ('missing' in found) throw new Error(found.missing);
  const dist = mkdtempSync(join(tmpdir(), 'krypton-telephone-'));
  await buildPage(import.meta.dirname, dist);
  const { network, contract, apiUrl } = world;
  const settings = { api: apiUrl, nodes: [String(world.env.KRYPTON_RPC_URL)], network, contract };
  const served = await servePages(
    { pages: Promise.resolve(dist), settings: async () => settings },
    { host: '127.0.0.1', port: 0 },
  );
  const browser: Browser = await chromium.launch({
    executablePath: program ?? found.path,
    args: [...chromiumFlags, ...flags],
  });
  const opened: BrowserContext[] = [];
  const url = `${served.url}/#/phone`;

  /** `ws`: where the proxy is for this one. */
  async function open(
    key: Key,
    given: Partial<Given> = {},
    ws = `ws://127.0.0.1:${world.ports.ws}`,
  ): Promise<Telephone> {
    const context = await browser.newContext({
      permissions: ['microphone', 'notifications'],
      reducedMotion: 'reduce', // colours are what they will be, at once
    });
    opened.push(context);
    const complaints: string[] = [];
    context.on('weberror', (error) => complaints.push(error.error().message));
    context.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
    await context.addInitScript(`addEventListener('securitypolicyviolation', ({ effectiveDirective, blockedURI }) =>
      console.error('refused: ' + effectiveDirective + ' ' + blockedURI))`);
    await context.addInitScript(countWakeLocks);
    const page = await context.newPage();
    const whole: Given = {
      key: bytesToHex(key.privateKey),
      providers: [{ address: world.provider.address, url: ws, domain: 'krypton.test' }],
      api: apiUrl,
      price: { rate: String(terms.ratePerSecond), fee: String(terms.feePerCall), increment: Number(terms.increment) },
      escrow: null,
      ...given,
    };
    const start = async () => {
      await until(telephone.page, () => globalThis.telephonePage !== undefined);
      await telephone.page.evaluate((all) => telephonePage.start(all), whole);
      await until(telephone.page, () => telephonePage.isReady());
    };
    await allowWakeLocks(page);
    await page.goto(url);
    const telephone: Telephone = { page, context, complaints, start, close: () => context.close() };
    return telephone;
  }

  return {
    open,
    url,
    close: async () => {
      for (const context of opened) await context.close();
      await browser.close();
      await served.stop();
      rmSync(dist, { recursive: true, force: true });
    },
  };
}

/** An escrow whose vouchers a page signs. */
export async function reserve(world: ProviderWorld, amount: bigint, user = world.user): Promise<Given['escrow']> {
  const key = createKey();
  const id = await openEscrow(world, amount, { voucherKey: bytesOfHex(key.publicKey), user });
  return { id: String(id), amount: String(amount), key: bytesToHex(key.privateKey) };
}

/** Dials as a person does. */
export async function dial(page: Page, to: string): Promise<void> {
  await page.getByLabel('Number, name or NEO address').fill(to);
  await page.getByRole('button', { name: 'Call', exact: true }).click();
}

/** Asked from outside: Playwright's own way makes code of a text, which the page's policy refuses. */
async function until(page: Page, holds: () => boolean, limitMs = 20_000): Promise<void> {
  await expect.poll(() => page.evaluate(holds), { timeout: limitMs, interval: 100 }).toBe(true);
}

/** It is up, and talks with whoever answers that number; sound goes both ways. */
export async function talkWith(telephone: Telephone, number: string): Promise<void> {
  await telephone.start();
  await dial(telephone.page, number);
  await waitForState(telephone.page, 'talking');
  await expectSound(telephone.page);
}

export async function waitForState(page: Page, kind: string, limitMs = 20_000): Promise<void> {
  const state = () => page.evaluate(() => telephonePage.state()?.kind ?? null);
  await expect.poll(state, { timeout: limitMs, interval: 100 }).toBe(kind);
}

/** Playwright has no name for this permission, and withholds what it was not asked for. */
async function allowWakeLocks(page: Page): Promise<void> {
  const session = await page.context().newCDPSession(page);
  const { targetInfo } = await session.send('Target.getTargetInfo');
  const permission = { name: 'screen-wake-lock' };
  const { browserContextId = '' } = targetInfo;
  await session.send('Browser.setPermission', { permission, setting: 'granted', browserContextId });
  await session.detach();
}

/** How many locks keep the screen of a telephone on. */
export const expectWakeLocks = (page: Page, count: number) =>
  expect
    .poll(() => page.evaluate(() => (globalThis as unknown as { wakeLocks: Set<unknown> }).wakeLocks.size))
    .toBe(count);

export const expectSound = (page: Page): Promise<void> =>
  expectSoundIn(() => page.evaluate(() => telephonePage.counted()));
