import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { expectAccessible, useSite } from './site.ts';
import { controlled, reachWorker } from './worker.ts';

/** A copy of the build for the public, of which a test may make a newer version. */
const folder = mkdtempSync(join(tmpdir(), 'krypton-pages-'));
beforeAll(() => cpSync(inject('pages').public, folder, { recursive: true }));
afterAll(() => rmSync(folder, { recursive: true }));

const site = useSite({ folder });
const long = { timeout: 60_000 };
const soon = { timeout: 15_000 };

test('what a newcomer loads before there is a wallet is small, and holds nothing that builds transactions', async () => {
  const { page, asked } = await site.visit('', { serviceWorkers: 'block' });
  await page.getByRole('link', { name: 'Create a wallet' }).waitFor();
  const scripts = [...new Set(asked.filter((url) => url.endsWith('.js')))];
  const texts = scripts.map((url) => readFileSync(join(folder, new URL(url).pathname)));
  const bytes = texts.reduce((sum, text) => sum + gzipSync(text).length, 0);
  console.log(`first load: ${scripts.length} scripts, ${(bytes / 1000).toFixed(0)} kB with gzip`);
  expect(scripts.length).toBeGreaterThan(0);
  expect(bytes).toBeLessThan(250_000);
  expect(texts.filter((text) => text.includes('crypto-js') || text.includes('WalletConnect'))).toEqual([]);
});

/** So far away is the server for a page's first paint: what a machine computes meanwhile is little beside it. */
const ROUND_TRIP_MS = 2_000;

test('its first paint is one round trip later than a bare page’s, and what it waits for is small', long, async () => {
  writeFileSync(join(folder, 'bare.html'), '<!doctype html><title>bare</title><p>bare</p>');
  const { page, context } = await site.visit('bare.html', { serviceWorkers: 'block' });
  const session = await page.context().newCDPSession(page);
  const far = { offline: false, latency: ROUND_TRIP_MS, downloadThroughput: -1, uploadThroughput: -1 };
  await session.send('Network.enable');
  await session.send('Network.emulateNetworkConditions', far);
  await session.send('Network.setCacheDisabled', { cacheDisabled: true });
  const paintOf = async (path: string) => {
    await page.goto(`${site.url()}/${path}`);
    return page.evaluate(firstPaint);
  };
  const [bare, whole] = [await paintOf('bare.html'), await paintOf('')];
  await context.close();
  const files = whole.files.map((url) => readFileSync(join(folder, new URL(url).pathname)));
  const bytes = files.reduce((sum, file) => sum + gzipSync(file).length, 0);
  const later = (whole.at - bare.at) / ROUND_TRIP_MS;
  console.log(
    `first paint: ${files.length} files, ${(bytes / 1000).toFixed(0)} kB with gzip, ${later.toFixed(2)} round trips`,
  );
  expect(files.length).toBeGreaterThan(1);
  expect(files.length).toBeLessThanOrEqual(5);
  expect(bytes).toBeLessThan(150_000);
  expect(later).toBeGreaterThan(0.9); // so that it is the network that is measured
  expect(later).toBeLessThan(2);
});

/** Runs in a page: when something of it was seen first, and the scripts and styles that had come by then. */
async function firstPaint(): Promise<{ at: number; files: string[] }> {
  const at = await new Promise<number>((resolve) => {
    const look = (list: PerformanceObserverEntryList) => {
      const [found] = list.getEntriesByName('first-contentful-paint');
      if (found) resolve(found.startTime);
    };
    new PerformanceObserver(look).observe({ type: 'paint', buffered: true });
  });
  const files = performance.getEntriesByType('resource') as PerformanceResourceTiming[];
  const isCode = ({ name, responseEnd }: PerformanceResourceTiming) => responseEnd <= at && /\.(js|css)$/.test(name);
  return { at, files: files.filter(isCode).map(({ name }) => name) };
}

test('without network it opens as before', long, async () => {
  const { page, context } = await site.visit();
  await controlled(page);
  await page.reload(); // settings.json is kept once it came by way of the worker
  await page.getByRole('link', { name: 'Create a wallet' }).waitFor();
  await context.setOffline(true);
  await page.reload();
  await page.getByRole('link', { name: 'Create a wallet' }).click();
  await page.getByLabel('New password').waitFor();
  await page.goto(`${site.url()}/rescue/`);
  expect(await page.title()).toBe('KRYPTON rescue');
});

test('a new version is offered, and used when its person wants it', long, async () => {
  const { page, complaints } = await site.visit();
  await controlled(page);
  await page.evaluate(() => {
    document.title = 'the page that was open';
  });
  const path = join(folder, 'service-worker.js');
  const script = readFileSync(path, 'utf8');
  writeFileSync(path, script.replace(/`krypton-`,/, '`krypton-`,newer=1,'));
  await page.evaluate(async () => (await navigator.serviceWorker.getRegistration())?.update());
  await page.getByText('There is a new version.').waitFor();
  expect(await page.title()).toBe('the page that was open');
  await expectAccessible(page);
  await page.getByRole('button', { name: 'Use it now' }).click();
  await expect.poll(() => page.title().catch(() => '')).toBe('KRYPTON');
  await page.getByRole('link', { name: 'Create a wallet' }).waitFor();
  expect(await page.getByText('There is a new version.').count()).toBe(0);
  expect(complaints).toEqual([]);
});

test('a push shows who calls, and a tap tells the page', long, async () => {
  const { page, context } = await site.visit();
  await context.grantPermissions(['notifications']);
  await controlled(page);
  const { push, titles, tap } = await reachWorker(page, site.url());
  const call = { kind: 'call', callId: '7@x', from: '+31201234567' };
  await push(JSON.stringify({ krypton: call }));
  await expect.poll(titles, soon).toEqual(['Call from +31201234567']);
  await push('something else');
  await expect.poll(titles, soon).toEqual(['Call from +31201234567', 'Call from somebody']);

  const told = page.evaluate(
    () => new Promise((resolve) => navigator.serviceWorker.addEventListener('message', ({ data }) => resolve(data))),
  );
  await tap('7@x');
  expect(await told).toEqual({ krypton: call });
  await expect.poll(titles, soon).toEqual(['Call from somebody']);
});
