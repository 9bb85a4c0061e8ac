import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { createKey } from '../../protocol/sign/key.ts';
import { bytesOfHex } from '../../protocol/types/bytes.ts';
import { repository } from '../../stack/folder.ts';
import type { Vectors } from '../../test/browser/page/vectors.ts';
import { encryptKey } from '../wallet/nep2.ts';
import { expectAccessible, useSite } from './site.ts';
import { found, secretsOf, tracesOf } from './traces.ts';
import { createWallet, isUnlocked, password, slow } from './wallet-steps.ts';

const { keys, nep2 }: Vectors = JSON.parse(readFileSync(join(repository, 'contract/testdata/vectors.json'), 'utf8'));
const cheap = { n: 2, r: 1, p: 1 };
const long = { timeout: 60_000 };
const site = useSite();

const secretField = (page: Page) => page.getByLabel('Backup code or private key');
const start = (page: Page) => page.getByRole('link', { name: 'I have one already' }).click();

/** The address that the page has in the end. */
async function restored(page: Page): Promise<string> {
  await page.getByRole('heading', { name: 'Your wallet is ready' }).first().waitFor(slow);
  await isUnlocked(page).waitFor();
  await page.getByRole('link', { name: 'Continue' }).click();
  return (await page.locator('.address .hidden-text').textContent(slow)) ?? '';
}

async function openWith(page: Page, given: string): Promise<void> {
  await page.getByLabel('Password', { exact: true }).fill(given);
  await page.getByRole('button', { name: 'Restore' }).click();
}

test('from a private key in WIF: golden keys come to their addresses', long, async () => {
  for (const { wif, address, privateKey } of keys.slice(2, 4)) {
    const visit = await site.visit();
    const { page, complaints } = visit;
    await start(page);
    await expectAccessible(page);
    await secretField(page).fill(wif.replace('L', 'K').replace(/.$/, '1'));
    await page.getByText('neither a backup code nor a private key').waitFor();
    await secretField(page).fill(wif);
    await page.getByLabel('New password').fill(password);
    await page.getByLabel('The same again').fill(password);
    await page.getByRole('button', { name: 'Restore' }).click();
    expect(await restored(page)).toBe(address);
    const traces = await tracesOf(visit);
    expect(found(traces, secretsOf(bytesOfHex(privateKey), password))).toEqual([]);
    expect(complaints).toEqual([]);
    await visit.context.close();
  }
});

test('from a backup code (NEP-2), the golden one, with its password alone', long, async () => {
  const [vector = expect.fail()] = nep2;
  const { page } = await site.visit();
  await start(page);
  await secretField(page).fill(vector.encrypted);
  await openWith(page, 'another');
  await page.getByText('This password does not open it.').waitFor(slow);
  await openWith(page, vector.password);
  const { address } = keys.find(({ privateKey }) => privateKey === vector.privateKey) ?? expect.fail();
  expect(await restored(page)).toBe(address);
});

const [first, second] = [createKey(), createKey()];
const walletFile = {
  scrypt: cheap,
  accounts: [
    { address: first.address, label: 'old', key: encryptKey(first.privateKey, 'x', cheap) },
    { address: second.address, label: 'new', key: encryptKey(second.privateKey, 'x', cheap), isDefault: true },
  ],
};

test('from a wallet file (NEP-6) with several accounts and numbers of its own', long, async () => {
  const { page } = await site.visit();
  await start(page);
  const choose = (text: string) =>
    page.locator('input[type=file]').setInputFiles({
      name: 'my wallet.json',
      mimeType: 'application/json',
      buffer: Buffer.from(text),
    });
  await choose('no JSON');
  await page.getByText('This is no wallet file').waitFor();
  await choose(JSON.stringify({ accounts: [{ address: first.address, key: null }] }));
  await page.getByText('it only watches an account').waitFor();
  await choose(JSON.stringify(walletFile));
  await page.getByText('From the file my wallet.json').waitFor();
  await page.getByLabel('Which account').selectOption({ label: `${first.address} old` });
  await expectAccessible(page);
  await openWith(page, 'x');
  expect(await restored(page)).toBe(first.address);
});

test('from a file that is dropped on the page', long, async () => {
  const { page } = await site.visit();
  await start(page);
  const transfer = await page.evaluateHandle((text) => {
    const data = new DataTransfer();
    data.items.add(new File([text], 'wallet.json', { type: 'application/json' }));
    return data;
  }, JSON.stringify(walletFile));
  await page.locator('.drop-zone').dispatchEvent('drop', { dataTransfer: transfer });
  await openWith(page, 'x');
  expect(await restored(page)).toBe(second.address);
});

test('a wallet that is there already is never written over', long, async () => {
  const { page } = await site.visit();
  const { address } = await createWallet(page);
  await page.goto(`${site.url()}/#/restore`);
  await page.getByText('This browser has a wallet already.').waitFor();
  expect(await secretField(page).count()).toBe(0);
  await page.goto(`${site.url()}/#/create`);
  await page.getByRole('heading', { name: 'Your wallet is ready' }).first().waitFor();
  await page.goto(`${site.url()}/#/fund`);
  await page.getByText(address).first().waitFor();
});

test('a file whose key is not the key of its address is refused', long, async () => {
  const { page } = await site.visit();
  await start(page);
  const [{ key }] = walletFile.accounts as [(typeof walletFile.accounts)[number]];
  const foreign = { scrypt: cheap, accounts: [{ address: second.address, key }] };
  await page.locator('input[type=file]').setInputFiles({
    name: 'wallet.json',
    mimeType: 'application/json',
    buffer: Buffer.from(JSON.stringify(foreign)),
  });
  await openWith(page, 'x');
  await page.getByText('is not the key of its address').waitFor(slow);
});
