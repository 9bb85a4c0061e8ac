import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, inject, test } from 'vitest';
import { expectAccessible, useSite } from './site.ts';
import { createWallet, password } from './wallet-steps.ts';

const site = useSite();
const long = { timeout: 90_000 };

test('language and theme change at once, and stay', async () => {
  const { page } = await site.visit('#/settings');
  await page.getByLabel('Language').selectOption('nl');
  await page.getByRole('heading', { name: 'Instellingen' }).waitFor();
  await page.getByLabel('Thema').selectOption('dark');
  const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  expect(await ground()).toBe('rgb(13, 20, 19)');
  await expectAccessible(page);
  await page.reload();
  await page.getByRole('heading', { name: 'Instellingen' }).waitFor();
  expect([await ground(), await page.locator('html').getAttribute('lang')]).toEqual(['rgb(13, 20, 19)', 'nl']);
});

test("a browser's own language is spoken where it is known", async () => {
  const dutch = await site.visit('', { locale: 'nl-BE' });
  await dutch.page.getByRole('link', { name: 'Een portemonnee maken' }).waitFor();
  const other = await site.visit('', { locale: 'fi-FI' });
  await other.page.getByRole('link', { name: 'Create a wallet' }).waitFor();
});

test('a node of one’s own is taken once it answers, and is of the right network', long, async () => {
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'getversion', params: [] });
  const version = await (await fetch(inject('base').rpc, { method: 'POST', body })).json();
  version.result.protocol.network = 1;
  const foreign = createServer((_, response) => {
    response.setHeader('access-control-allow-origin', '*').setHeader('access-control-allow-headers', '*');
    response.end(JSON.stringify(version));
  });
  await new Promise<void>((resolve) => foreign.listen(0, '127.0.0.1', resolve));
  const { port } = foreign.address() as AddressInfo;
  const { page } = await site.visit('#/settings');
  const field = page.getByLabel('NEO node');
  const save = async (url: string) => {
    await field.fill(url);
    await page.getByRole('button', { name: 'Save' }).click();
  };
  await save('gopher://x');
  await page.getByText('An address that begins with https://').waitFor();
  await save('http://127.0.0.1:9/');
  await page.getByText('This node does not answer.').waitFor();
  await save(`http://127.0.0.1:${port}/`);
  await page.getByText('This node is of another network.').waitFor();
  await save(inject('base').rpc);
  await page.getByText('Saved').waitFor();
  await page.reload();
  expect(await field.inputValue()).toBe(inject('base').rpc);
  foreign.close();
});

test('all settings of a wallet can be looked at', long, async () => {
  const { page, complaints } = await site.visit();
  await createWallet(page);
  for (const path of ['', '/backup', '/password', '/passkey', '/remove']) {
    await page.goto(`${site.url()}/#/settings${path}`);
    await page.locator('main .stack').first().waitFor();
    await expectAccessible(page);
    const width = await page.evaluate(() => document.documentElement.scrollWidth);
    expect(width, `${path} is as wide as the screen`).toBe(360);
  }
  expect(complaints).toEqual([]);
});

test('on iOS it asks to be installed before there is a key', async () => {
  const userAgent = 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_3 like Mac OS X) AppleWebKit/605.1.15 Safari/604.1';
  const { page } = await site.visit('', { userAgent });
  await page.getByRole('heading', { name: 'Install it first' }).waitFor();
  expect(await page.getByRole('link', { name: 'Create a wallet' }).count()).toBe(0);
  await expectAccessible(page);
  await page.getByRole('button', { name: 'Go on in the browser' }).click();
  await page.getByRole('link', { name: 'Create a wallet' }).waitFor();
});

test('by keyboard alone one gets to a key', long, async () => {
  const { page } = await site.visit('', { viewport: { width: 1200, height: 800 } });
  const focused = () => page.evaluate(() => document.activeElement?.textContent?.trim() ?? '');
  await page.getByRole('link', { name: 'Create a wallet' }).waitFor();
  const tabTo = async (text: string) => {
    for (let presses = 0; presses < 20 && (await focused()) !== text; presses += 1) await page.keyboard.press('Tab');
    expect(await focused()).toBe(text);
  };
  await tabTo('Create a wallet');
  await page.keyboard.press('Enter');
  await page.getByLabel('New password').waitFor();
  const tabToField = async (name: string) => {
    const field = page.getByLabel(name);
    const has = () => field.evaluate((element) => element === document.activeElement);
    for (let presses = 0; presses < 20 && !(await has()); presses += 1) await page.keyboard.press('Tab');
    expect(await has()).toBe(true);
  };
  await tabToField('New password');
  await page.keyboard.type(password);
  await tabToField('The same again');
  await page.keyboard.type(password);
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'Keep the backup' }).waitFor({ timeout: 30_000 });
  await tabTo('I have kept it');
  await page.keyboard.press('Enter');
  await page.getByText('Character').first().waitFor();
});
