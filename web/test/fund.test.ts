import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, inject, test } from 'vitest';
import { readGasBalance } from '../../chain/gas.ts';
import type { Address } from '../../protocol/types/address.ts';
import { datoshi } from '../../protocol/types/datoshi.ts';
import { payFromTreasury, testRpc } from '../../test/harness/accounts.ts';
import { expectAccessible, useSite } from './site.ts';
import { createWallet } from './wallet-steps.ts';

const site = useSite();
const long = { timeout: 60_000 };

test('what arrives at the address is shown as it comes, and the first step is done', long, async () => {
  const { page, complaints } = await site.visit();
  const { address } = await createWallet(page);
  await page.getByRole('link', { name: 'Continue' }).click();
  await page.getByText('It shows here as soon as it arrives.').waitFor();
  await page.locator('.balance data[value="0"]').waitFor({ timeout: 15_000 });
  await payFromTreasury([{ to: address as Address, amount: datoshi(123_456_789_012n) }]);
  await page.getByText('It has arrived.').waitFor({ timeout: 15_000 });
  expect(await page.locator('.balance strong').textContent()).toBe('1,234.56789012 GAS');
  await expectAccessible(page);
  await page.getByRole('link', { name: 'Continue' }).click();
  await page.reload();
  await page.locator('.step.done').waitFor();
  expect(complaints).toEqual([]);
});

test('on a devnet a button fills it', long, async () => {
  const { page } = await site.visit();
  const { address } = await createWallet(page);
  await page.getByRole('link', { name: 'Continue' }).click();
  await page.getByRole('button', { name: 'Take 100 GAS of the devnet' }).click();
  await page.locator('.balance data[value="100"]').waitFor({ timeout: 20_000 });
  expect(await readGasBalance(testRpc(), address as Address)).toBe(10_000_000_000n);
});

test('nothing of a devnet is in the build for the public', () => {
  const filesOf = (folder: string) =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) =>
      /\.(js|html|css|txt)$|_headers/.test(file),
    );
  const found = (build: 'devnet' | 'public') => {
    const folder = inject('pages')[build];
    const files = filesOf(folder);
    expect(files.length).toBeGreaterThan(10);
    return files.filter((file) =>
      /faucet|devnet|127\.0\.0\.1|localhost/i.test(readFileSync(join(folder, file), 'utf8')),
    );
  };
  expect(found('public')).toEqual([]);
  expect(found('devnet').length).toBeGreaterThan(0); // so that the words are the right ones
});
