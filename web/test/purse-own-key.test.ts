import { sha256 } from '@noble/hashes/sha2.js';
import { createBase58check } from '@scure/base';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { createFundedAccount } from '../../test/harness/accounts.ts';
import { createWorld, type World } from '../../test/harness/world.ts';
import { expectSum, readerOf, wholeGas } from './purse-page.ts';
import { useSite } from './site.ts';

const settings: Record<string, unknown> = {};
const site = useSite({ settings });
let world: World;
const password = 'four words to try';
/** scrypt takes half a second on an idle machine. */
const slow = { timeout: 30_000 };

beforeAll(async () => {
  world = await createWorld();
  settings.contract = world.contract;
}, 120_000);
afterAll(() => world?.destroy());

test('a key of this page signs once its password is given, and nothing is sent before', {
  timeout: 120_000,
}, async () => {
  const key = await createFundedAccount(wholeGas(20));
  const reader = readerOf(world, inject('base').rpc);
  const { page, complaints } = await site.visit('#/restore');
  const wif = createBase58check(sha256).encode(Uint8Array.of(0x80, ...key.privateKey, 1));
  await page.getByLabel('Backup code or private key').fill(wif);
  await page.getByLabel('New password').fill(password);
  await page.getByLabel('The same again').fill(password);
  await page.getByRole('button', { name: 'Restore' }).click();
  await page.getByRole('button', { name: 'Lock', exact: true }).click(slow);
  await page.goto(`${site.url()}/#/purse/deposit`);
  await page.getByLabel('Amount in GAS').fill('5');
  await page.getByRole('button', { name: 'See what will be signed' }).click();
  await page.getByRole('button', { name: 'Sign and send' }).click();

  const unlock = page.getByRole('dialog', { name: 'Unlock the wallet' });
  await unlock.getByLabel('Password', { exact: true }).fill('another one');
  await unlock.getByRole('button', { name: 'Unlock' }).click();
  await unlock.getByText('This password does not open it.').waitFor(slow);
  expect(await reader.balanceOf(key.address)).toBe(0n);
  await unlock.getByLabel('Password', { exact: true }).fill(password);
  await unlock.getByRole('button', { name: 'Unlock' }).click();
  await page.getByText(/^Done, in block \d+\.$/).waitFor(slow);
  await page.getByRole('button', { name: 'Done' }).click();
  await expectSum(page, 'balance', wholeGas(5));

  // who would rather not open it has signed nothing
  await page.getByRole('button', { name: 'Lock', exact: true }).click();
  await page.getByRole('link', { name: 'Withdraw' }).click();
  await page.getByLabel('Amount in GAS').fill('1');
  await page.getByRole('button', { name: 'See what will be signed' }).click();
  await page.getByRole('button', { name: 'Sign and send' }).click();
  await unlock.getByRole('button', { name: 'Close' }).click();
  await page.getByText('You did not sign. Nothing has happened.').waitFor();
  expect(await reader.balanceOf(key.address)).toBe(wholeGas(5));
  expect(complaints).toEqual([]);
});
