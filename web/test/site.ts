import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { type Browser, type BrowserContext, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, expect, inject } from 'vitest';
import { type ServedPages, servePages } from '../../stack/serve-pages.ts';
import { chromiumFlags } from '../../test/browser/chromium.ts';
import { fundAccount } from './fund.ts';

type Options = {
  /** Another build than the one for a devnet. */
  folder?: string;
  settings?: Record<string, unknown>;
  /** What its browser is started with besides. */
  flags?: readonly string[];
};

/** A page that has complained of nothing, and what it has asked for. */
export type Visit = { page: Page; context: BrowserContext; asked: string[]; complaints: string[] };

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** Whatever else runs here makes networks and takes them down: Chromium then asks again, and says so. */
const machines = /ERR_NETWORK_CHANGED/;

/** A small telephone's screen: what fits there fits everywhere. */
const phone: BrowserContextOptions = {
  viewport: { width: 360, height: 740 },
  deviceScaleFactor: 2,
  hasTouch: true,
  locale: 'en-GB',
  reducedMotion: 'reduce',
};

/** The pages as `npm start` serves them, and a Chromium to visit them with, for all tests of a file. */
export function useSite({ folder, settings = {}, flags = [] }: Options = {}) {
  let browser: Browser;
  let served: ServedPages;
  beforeAll(async () => {
    const program = inject('chromium');
    if ('missing' in program) throw new Error(program.missing);
    const { rpc, network } = inject('base');
    const nobody = `0x${'00'.repeat(20)}`;
    const known = { api: null, nodes: [rpc], network, contract: nobody, devnet: { faucet: './devnet/faucet' } };
    served = await servePages(
      {
        pages: Promise.resolve(folder ?? inject('pages').devnet),
        settings: async () => ({ ...known, ...settings }),
        fund: fundAccount,
      },
      { host: '127.0.0.1', port: 0 },
    );
    browser = await chromium.launch({ executablePath: program.path, args: [...chromiumFlags, ...flags] });
  });
  afterAll(async () => {
    await browser?.close();
    await served?.stop();
  });

  return {
    /** A browser that has never been here. `prepare`: what it has besides, before the page comes. */
    visit: (
      path = '',
      options: BrowserContextOptions = {},
      prepare: (context: BrowserContext) => Promise<void> = async () => {},
    ) => visitSite(browser, `${served.url}/${path}`, options, prepare),
    url: () => served.url,
  };
}

/** The same of any site. */
export async function visitSite(
  browser: Browser,
  url: string,
  options: BrowserContextOptions,
  prepare: (context: BrowserContext) => Promise<void>,
): Promise<Visit> {
  const context = await browser.newContext({ ...phone, ...options });
  await prepare(context);
  const [asked, complaints]: [string[], string[]] = [[], []];
  context.on('request', (request) => asked.push(request.url()));
  context.on('weberror', (error) => complaints.push(error.error().message));
  context.on('console', (message) => {
    const said = ['error', 'warning'].includes(message.type()) && !machines.test(message.text());
    if (said) complaints.push(message.text());
  });
  await context.addInitScript(`addEventListener('securitypolicyviolation', ({ effectiveDirective, blockedURI }) =>
    console.error('refused: ' + effectiveDirective + ' ' + blockedURI))`);
  const page = await context.newPage();
  await page.goto(url);
  return { page, context, asked, complaints };
}

/** What axe finds that keeps somebody from using the page; nothing may, in the light and in the dark. */
export async function expectAccessible(page: Page): Promise<void> {
  const [light, dark] = ['light', 'dark'] as const;
  const isDark = await page.evaluate(() => matchMedia('(prefers-color-scheme: dark)').matches);
  const found = await graveFaults(page, {});
  // the same page in other colours: all but these is looked at already
  await page.emulateMedia({ colorScheme: isDark ? light : dark });
  found.push(...(await graveFaults(page, { runOnly: ['color-contrast'] })));
  await page.emulateMedia({ colorScheme: isDark ? dark : light });
  expect(found).toEqual([]);
}

/** Colours that are on their way to others are not what anybody reads; a spinner never comes to its end. */
const standStill = (page: Page) =>
  page.evaluate(async () => {
    const passing = document.getAnimations().filter(({ effect }) => effect?.getComputedTiming().endTime !== Infinity);
    await Promise.allSettled(passing.map(({ finished }) => finished));
  });

async function graveFaults(page: Page, options: { runOnly?: string[] }): Promise<string[]> {
  await standStill(page);
  // As a script of the browser, not of the page: the page's policy stays what it is.
  const asked = JSON.stringify({ preload: false, ...options });
  const found = await page.evaluate(`(() => { ${axe}; return axe.run(${asked}); })()`);
  const { violations } = found as { violations: { id: string; impact: string; nodes: { html: string }[] }[] };
  const grave = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical');
  return grave.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
}
