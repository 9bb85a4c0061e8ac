import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createKey } from '../../protocol/sign/key.ts';
import { createFundedAccount } from '../../test/harness/accounts.ts';
import { createWorld, type World } from '../../test/harness/world.ts';
import { byKeys } from './hand.ts';
import { go, openPurse, wholeGas } from './purse-page.ts';
import { expectAccessible, useSite } from './site.ts';

/** Places that no other test has a reason to stop at: each of them can be used by anybody. */

const settings: Record<string, unknown> = {};
const site = useSite({ settings });
const long = { timeout: 120_000 };
let world: World;
beforeAll(async () => {
  world = await createWorld();
  settings.contract = world.contract;
}, 120_000);
afterAll(() => world?.destroy());

/** A place with what is to be there, and as wide as the screen. */
async function look(page: Page, path: string, text: string): Promise<void> {
  await go(page, `#${path}`);
  await page.getByText(text).first().waitFor();
  await expectAccessible(page);
  expect(await page.evaluate(() => document.documentElement.scrollWidth), path).toBe(360);
}

test('before there is a wallet', long, async () => {
  const { page, complaints } = await site.visit();
  await look(page, '/create', 'Choose a password');
  await page.getByLabel('New password').fill('short');
  await page.getByRole('button', { name: 'Make the key' }).click();
  await page.locator('.error').first().waitFor();
  await expectAccessible(page);
  await look(page, '/settings', 'Language');
  await look(page, '/installed-wallet', 'This browser has no such wallet.');
  expect(complaints).toEqual([]);
});

test('of somebody whose money, people and calls are yet to come', long, async () => {
  const key = await createFundedAccount(wholeGas(20));
  const { page, context, complaints } = await openPurse(site, key, world.network);
  await look(page, '/', 'Choose a provider');
  await look(page, '/phone', 'Choose a provider first.');
  await look(page, '/messages', 'No messages yet.');
  await look(page, `/messages/${createKey().address}`, 'Message');
  await look(page, '/history', 'No calls yet.');
  await look(page, '/contacts', 'Nobody is here yet.');
  await look(page, '/contacts/new', 'Note');
  await page.getByLabel('Name').fill('Somebody whom I know well, by a name that is longer than a line');
  const reach = page.getByLabel('Numbers and NEO addresses');
  await reach.fill('somewhere');
  await page.getByText('This is no number').waitFor();
  await expectAccessible(page);
  await reach.fill('+31201234567');
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByText('Somebody whom').waitFor();
  await expectAccessible(page);
  // past the field for a file, which is drawn as a button
  const saving = page.waitForEvent('download');
  await byKeys(page).press(page.getByRole('button', { name: 'Export all' }));
  await saving;
  await page.getByText('Somebody whom').click();
  await page.getByRole('button', { name: 'Remove' }).waitFor();
  await expectAccessible(page);
  for (const kind of ['deposit', 'withdraw', 'send']) {
    await look(page, `/purse/${kind}`, 'Amount in GAS');
    await page.getByLabel('Amount in GAS').fill('x');
    await page.getByRole('button', { name: 'See what will be signed' }).click({ force: true });
    await expectAccessible(page);
  }
  await look(page, '/installed-wallet', 'Test wallet');
  await look(page, `/transaction/0x${'12'.repeat(32)}`, 'The node does not know this transaction');
  await look(page, '/provider/nobody', 'Something went wrong');
  await look(page, '/nowhere', 'There is nothing at this address.');
  await look(page, '/phone', 'Choose a provider first.');
  const other = await context.newPage();
  await other.goto(`${site.url()}/#/phone`);
  await other.getByText('open in another tab').waitFor();
  await expectAccessible(other);
  expect(complaints).toEqual([]);
});
