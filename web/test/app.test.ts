import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { useSite } from './site.ts';

/** A copy of the build for the public, of which a test may make a newer version. */
const folder = mkdtempSync(join(tmpdir(), 'krypton-pages-'));
beforeAll(() => cpSync(inject('pages').public, folder, { recursive: true }));
afterAll(() => rmSync(folder, { recursive: true }));

const site = useSite({ folder });
const long = { timeout: 60_000 };

/** The worker has all files, and the page is its own. */
async function controlled(page: Page): Promise<void> {
  await page.evaluate(async () => {
    await navigator.serviceWorker.ready;
    if (!navigator.serviceWorker.controller)
      await new Promise((resolve) => navigator.serviceWorker.addEventListener('controllerchange', resolve));
  });
}

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
  const session = await context.newCDPSession(page);
  const registered = new Promise<string>((resolve) => {
    session.on('ServiceWorker.workerRegistrationUpdated', ({ registrations }) => {
      const [registration] = registrations.filter(({ isDeleted }) => !isDeleted);
      if (registration) resolve(registration.registrationId);
    });
  });
  await session.send('ServiceWorker.enable');
  const registrationId = await registered;
  const call = { kind: 'call', callId: '7@x', from: '+31201234567' };
  const push = (data: string) =>
    session.send('ServiceWorker.deliverPushMessage', { origin: site.url(), registrationId, data });
  const titles = () =>
    page.evaluate(async () => {
      const registration = await navigator.serviceWorker.ready;
      return (await registration.getNotifications()).map(({ title }) => title).sort();
    });
  await push(JSON.stringify({ krypton: call }));
  await expect.poll(titles).toEqual(['Call from +31201234567']);
  await push('something else');
  await expect.poll(titles).toEqual(['Call from +31201234567', 'Call from somebody']);

  const told = page.evaluate(
    () => new Promise((resolve) => navigator.serviceWorker.addEventListener('message', ({ data }) => resolve(data))),
  );
  const [worker = expect.fail('no worker')] = context.serviceWorkers();
  await worker.evaluate(async () => {
    const scope = self as unknown as { registration: ServiceWorkerRegistration };
    const [notification] = await scope.registration.getNotifications({ tag: '7@x' });
    const Tap = (self as unknown as { NotificationEvent: new (name: string, init: object) => Event }).NotificationEvent;
    self.dispatchEvent(new Tap('notificationclick', { notification }));
  });
  expect(await told).toEqual({ krypton: call });
  await expect.poll(titles).toEqual(['Call from somebody']);
});
