import { Redis } from 'ioredis';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, expect, inject, test } from 'vitest';
import type { Deps } from '../../api/deps.ts';
import { createApp } from '../../api/http/app.ts';
import { type Serving, serve } from '../../api/http/serve.ts';
import { createLimits } from '../../api/limits/limits.ts';
import { problemSchema, problems } from '../../protocol/api/problem.ts';
import { chromiumFlags } from './chromium.ts';

let serving: Serving;
let browser: Browser;
let page: Page;
/** Whatever the page asks for, and whatever goes wrong in it. */
let asked: string[];
let wrong: string[];

beforeAll(async () => {
  const program = inject('chromium');
  if ('missing' in program) throw new Error(program.missing);
  // The page needs nothing of what the routes stand on.
  const limits = createLimits({ redis: new Redis({ lazyConnect: true }), trouble: () => null }, { key: 0, address: 0 });
  const deps: Partial<Deps> = { corsOrigin: ['*'], proxies: 0, limits };
  serving = await serve(createApp(deps as Deps), { host: '127.0.0.1', port: 0 });
  browser = await chromium.launch({ executablePath: program.path, args: chromiumFlags });
});
afterAll(async () => {
  await browser?.close();
  await serving?.stop();
});

beforeEach(async () => {
  [asked, wrong] = [[], []];
  page = await browser.newPage();
  page.on('request', (request) => asked.push(request.url()));
  page.on('requestfailed', (request) => wrong.push(`${request.url()} failed`));
  page.on('pageerror', (error) => wrong.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') wrong.push(message.text());
  });
  await page.addInitScript({
    content: `addEventListener('securitypolicyviolation', ({ effectiveDirective, blockedURI }) =>
      console.error('refused: ' + effectiveDirective + ' ' + blockedURI))`,
  });
  return () => page.close();
});

type OpenApi = { paths: Record<string, object>; components: { schemas: object } };

/** Opens every operation, all at once: a mouse would take a second for each. */
async function openAll(): Promise<void> {
  const closed = page.locator('.opblock-summary-control[aria-expanded="false"]');
  await closed.evaluateAll((controls) => {
    for (const control of controls) control.click();
  });
  await expect.poll(() => closed.count(), { timeout: 30_000 }).toBe(0);
}

test('the page shows every operation and shape, within its strict policy, and asks nobody else', async () => {
  const response = await page.goto(`${serving.url}/docs`);
  const policy = (await response?.headerValue('content-security-policy')) ?? '';
  expect(policy).toMatch(/^default-src 'none';/);
  expect(policy).not.toMatch(/unsafe|\*|https?:/);
  await page.waitForSelector('.opblock');
  const document = (await (await fetch(`${serving.url}/openapi.json`)).json()) as OpenApi;
  const paths = await page.locator('.opblock-summary-path').allInnerTexts();
  const described = Object.entries(document.paths).flatMap(([path, item]) => Object.keys(item).map(() => path));
  const bare = (text: string) => text.replaceAll('\u200b', ''); // where a long path may be broken
  expect(paths.map(bare).sort()).toEqual(described.sort());

  await openAll();
  await page.locator('.models-control[aria-expanded="false"]').click();
  const shapes = page.locator('.models article[data-json-schema-level="0"] > .json-schema-2020-12-head');
  await shapes.first().waitFor();
  const names = await shapes.locator('.json-schema-2020-12__title').allTextContents();
  expect(names.sort()).toEqual(Object.keys(document.components.schemas).sort());
  await shapes.first().locator('.json-schema-2020-12-expand-deep-button').click();
  expect(await page.locator('.opblock-body').count()).toBe(described.length);
  expect(wrong).toEqual([]);
  expect(asked.filter((url) => new URL(url).origin !== serving.url && !url.startsWith('data:'))).toEqual([]);
}, 60_000);

test('what stands in backticks is shown as code', async () => {
  await page.goto(`${serving.url}/docs`);
  await page.waitForSelector('.opblock');
  await openAll();
  const prose = await page.locator('.renderedMarkdown').allInnerTexts();
  expect(prose.filter((text) => text.includes('signatureMissing')).length).toBeGreaterThan(0);
  expect(prose.filter((text) => text.includes('`'))).toEqual([]);
}, 60_000);

test("a problem's type leads to the line of its code", async () => {
  const { type } = problemSchema.parse(await (await fetch(`${serving.url}/nowhere`)).json());
  expect(type).toBe('/docs#notFound');
  await page.goto(serving.url + type);
  await page.waitForSelector('.opblock');
  const line = page.locator('#notFound');
  const height = page.viewportSize()?.height ?? 0;
  await expect.poll(async () => (await line.boundingBox())?.y, { timeout: 10_000 }).toBeLessThan(height);
  expect((await line.boundingBox())?.y).toBeGreaterThanOrEqual(0);
  expect(await line.textContent()).toContain('There is nothing at this address');
  expect(await page.locator('tr:target code').textContent()).toBe('notFound');
  for (const code of Object.keys(problems)) expect(await page.locator(`tr#${code}`).count()).toBe(1);
}, 60_000);

test('without scripts the codes are there all the same', async () => {
  const plain = await browser.newContext({ javaScriptEnabled: false });
  const bare = await plain.newPage();
  await bare.goto(`${serving.url}/docs#heightNotReached`);
  expect(await bare.locator('tr:target').textContent()).toContain('heightNotReached');
  expect(await bare.locator('noscript').isVisible()).toBe(true);
  await plain.close();
});
