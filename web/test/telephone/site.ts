import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bytesToHex } from '@noble/hashes/utils.js';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { expect, inject } from 'vitest';
import { createKey, type Key } from '../../../protocol/sign/key.ts';
import { bytesOfHex } from '../../../protocol/types/bytes.ts';
import { servePages } from '../../../stack/serve-pages.ts';
import { chromiumFlags } from '../../../test/browser/chromium.ts';
import type { ProviderWorld } from '../../../test/harness/provider.ts';
import { openEscrow, terms } from '../../../test/harness/world.ts';
import { buildPage } from '../../build/build.ts';
import type { Given } from './page.tsx';

/** A browser whose microphone beeps, whose calls may go over the loopback, and which needs no touch to be heard. */
export const callFlags = [
  '--use-fake-ui-for-media-stream',
  '--use-fake-device-for-media-stream',
  '--autoplay-policy=no-user-gesture-required',
  '--allow-loopback-in-peer-connection',
];

export type Telephone = {
  page: Page;
  context: BrowserContext;
  /** What the page complained of: nothing may. */
  complaints: string[];
  start(): Promise<void>;
  close(): Promise<void>;
};

/** Telephones in pages, each in a browser context of its own, against one provider. */
export async function openTelephones(world: ProviderWorld) {
  const program = inject('chromium');
  if ('missing' in program) throw new Error(program.missing);
  const dist = mkdtempSync(join(tmpdir(), 'krypton-telephone-'));
  await buildPage(import.meta.dirname, dist);
  const { network, contract, apiUrl } = world;
  const settings = { api: apiUrl, nodes: [String(world.env.KRYPTON_RPC_URL)], network, contract };
  const served = await servePages(
    { pages: Promise.resolve(dist), settings: async () => settings },
    { host: '127.0.0.1', port: 0 },
  );
  const browser: Browser = await chromium.launch({
    executablePath: program.path,
    args: [...chromiumFlags, ...callFlags],
  });
  const opened: BrowserContext[] = [];
  const url = `${served.url}/#/phone`;

  /** `ws`: where the proxy is for this one. */
  async function open(
    key: Key,
    given: Partial<Given> = {},
    ws = `ws://127.0.0.1:${world.ports.ws}`,
  ): Promise<Telephone> {
    const context = await browser.newContext({ permissions: ['microphone', 'notifications'] });
    opened.push(context);
    const complaints: string[] = [];
    context.on('weberror', (error) => complaints.push(error.error().message));
    context.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
    await context.addInitScript(`addEventListener('securitypolicyviolation', ({ effectiveDirective, blockedURI }) =>
      console.error('refused: ' + effectiveDirective + ' ' + blockedURI))`);
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

export async function waitForState(page: Page, kind: string, limitMs = 20_000): Promise<void> {
  const state = () => page.evaluate(() => telephonePage.state()?.kind ?? null);
  await expect.poll(state, { timeout: limitMs, interval: 100 }).toBe(kind);
}

/** A second of speech: 50 packets. A busy machine takes longer for it. */
const ENOUGH_PACKETS = 50;

/** Sound comes, can be heard, and goes, from now on. */
export async function expectSound(page: Page): Promise<void> {
  const counted = () => page.evaluate(() => telephonePage.counted());
  const before = await counted();
  const flows = async () => {
    const { packets, sent, energy } = await counted();
    // counters begin anew with a new connection
    const more = (now: number, then: number) => (now >= then ? now - then : now);
    return (
      more(packets, before.packets) >= ENOUGH_PACKETS &&
      more(sent, before.sent) >= ENOUGH_PACKETS &&
      energy !== before.energy
    );
  };
  await expect.poll(flows, { timeout: 30_000, interval: 200 }).toBe(true);
}
