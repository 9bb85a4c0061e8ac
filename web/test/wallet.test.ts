import { expect, test } from 'vitest';
import { isSignatureValid } from '../../protocol/sign/p256.ts';
import type { PublicKey } from '../../protocol/types/public-key.ts';
import { expectAccessible, useSite } from './site.ts';
import { found, secretsOf, tracesOf } from './traces.ts';
import {
  answerProof,
  createWallet,
  isLocked,
  isUnlocked,
  makeKey,
  password,
  proveBackup,
  slow,
  stayOpen,
  unlock,
} from './wallet-steps.ts';

const site = useSite();
const long = { timeout: 90_000 };

test('a wallet is made, its backup tried, locked, and opened by its password alone', long, async () => {
  const visit = await site.visit();
  const { page, complaints } = visit;
  await expectAccessible(page);
  const backup = await makeKey(page);
  await expectAccessible(page);
  await page.getByRole('button', { name: 'I have kept it' }).click();
  await answerProof(page, () => '!');
  await page.getByText('That is not what stands there').waitFor();
  await expectAccessible(page);
  // nowhere is an address to send money to before
  expect(await page.locator('body').textContent()).not.toContain(backup.address.slice(0, 8));
  await page.getByRole('button', { name: 'Show the backup again' }).click();
  await proveBackup(page, backup);
  await expectAccessible(page);

  await page.getByRole('link', { name: 'Continue' }).click();
  await page.getByText(backup.address).first().waitFor();
  await expectAccessible(page);
  await isUnlocked(page).click();
  await isLocked(page).waitFor();
  await unlock(page, 'another password');
  await page.getByText('This password does not open it.').waitFor(slow);
  await expectAccessible(page);
  await page.getByRole('dialog').getByLabel('Password', { exact: true }).fill(password);
  await page.getByRole('dialog').getByRole('button', { name: 'Unlock' }).click();
  await isUnlocked(page).waitFor(slow);

  await page.reload();
  await isLocked(page).waitFor();
  const traces = await tracesOf(visit);
  expect(found(traces, [backup.encrypted])).toHaveLength(1); // what is looked through is what is there
  expect(found(traces, secretsOf(backup.privateKey, password))).toEqual([]);
  expect(complaints).toEqual([]);
});

test('closed before the backup was tried, it goes on there, and still is no wallet', long, async () => {
  const visit = await site.visit();
  const { page } = visit;
  const backup = await makeKey(page);
  await page.goto(`${site.url()}/#/fund`);
  await page.reload();
  await page.getByRole('link', { name: 'Create a wallet' }).click();
  await page.getByRole('heading', { name: 'Keep the backup' }).waitFor();
  expect(await page.locator('.code').first().textContent()).toContain(backup.encrypted);
  // the key itself is not there any more: its sheet asks for the password
  await page.getByText('On paper').click();
  await page.getByLabel('Password', { exact: true }).fill('another password');
  await page.getByRole('button', { name: 'Show the sheet' }).click();
  await page.getByText('This password does not open it.').waitFor(slow);
  await page.getByLabel('Password', { exact: true }).fill(password);
  await page.getByRole('button', { name: 'Show the sheet' }).click();
  const [, wif = ''] = secretsOf(backup.privateKey, password);
  await page.getByText('Whoever reads it has the money').waitFor(slow);
  expect(await page.locator('.paper').textContent()).toContain(wif);
  await expectAccessible(page);
  await page.getByRole('button', { name: 'Hide the sheet' }).click();
  expect(found(await tracesOf(visit), [wif])).toEqual([]);
  // the saved file is as good a proof
  await page.getByRole('button', { name: 'I have kept it' }).click();
  await page.locator('input[type=file]').setInputFiles({
    name: 'other.json',
    mimeType: 'application/json',
    buffer: Buffer.from('{"accounts": []}'),
  });
  await page.getByText('This is not the file that was just saved.').waitFor();
  await page.locator('input[type=file]').setInputFiles(backup.file);
  await page.getByRole('heading', { name: 'Your wallet is ready' }).first().waitFor();
  await isLocked(page).waitFor();
});

test('where it stays open, a key that nobody can read signs as the wallet', long, async () => {
  const { page } = await site.visit();
  await createWallet(page);
  await stayOpen(page);
  await page.getByRole('link', { name: 'Continue' }).click();
  await page.reload();
  await isUnlocked(page).waitFor();
  const signed = await page.evaluate(async () => {
    const request = <T>(asked: IDBRequest<T>) =>
      new Promise<T>((resolve) => asked.addEventListener('success', () => resolve(asked.result)));
    const database = await request(indexedDB.open('krypton-wallet'));
    const { deviceKey, publicKey } = await request(database.transaction('wallet').objectStore('wallet').get('current'));
    const refused = await crypto.subtle.exportKey('pkcs8', deviceKey).catch((error: Error) => error.name);
    const bytes = await crypto.subtle.sign({ name: 'ECDSA', hash: 'SHA-256' }, deviceKey, Uint8Array.of(1, 2, 3));
    return { refused, publicKey, signature: [...new Uint8Array(bytes)] };
  });
  expect(signed.refused).toBe('InvalidAccessError');
  const publicKey = signed.publicKey as PublicKey;
  expect(isSignatureValid(publicKey, Uint8Array.of(1, 2, 3), Uint8Array.from(signed.signature))).toBe(true);
  // locked by hand, that key goes too
  await isUnlocked(page).click();
  await isLocked(page).waitFor();
  await page.reload();
  await isLocked(page).waitFor();
});

test('it locks itself when nobody touches it, and not while somebody does', long, async () => {
  const { page } = await site.visit('', {});
  await createWallet(page);
  await page.clock.install();
  await page.goto(`${site.url()}/#/settings`);
  await page.reload();
  await page.getByLabel('Lock by itself after').selectOption('5');
  await unlock(page, password);
  await isUnlocked(page).waitFor(slow);
  await page.clock.runFor(4 * 60_000);
  await page.mouse.click(5, 300);
  await page.clock.runFor(4 * 60_000);
  expect(await isUnlocked(page).count()).toBe(1);
  await page.clock.runFor(70_000);
  await isLocked(page).waitFor();
});

test('closed for longer than that it is locked when it comes again, though it stays open otherwise', long, async () => {
  const { page } = await site.visit();
  await createWallet(page);
  await stayOpen(page);
  await page.reload();
  await isUnlocked(page).waitFor();
  await page.evaluate(() => localStorage.setItem('krypton.touchedAt', String(Date.now() - 16 * 60_000)));
  await page.reload();
  await isLocked(page).waitFor();
  await page.reload();
  await isLocked(page).waitFor();
});

test('two pages of a browser have one wallet', long, async () => {
  const { page, context } = await site.visit();
  await createWallet(page);
  await stayOpen(page);
  const other = await context.newPage();
  await other.goto(site.url());
  await isUnlocked(other).waitFor();
  await isUnlocked(page).click();
  await isLocked(other).waitFor();
});

test('another password: the new backup opens with it, and what was kept before with the old one', long, async () => {
  const { page } = await site.visit();
  await createWallet(page);
  await page.goto(`${site.url()}/#/settings/password`);
  const next = 'quite another one';
  const fill = async (old: string) => {
    await page.getByLabel('Password until now').fill(old);
    await page.getByLabel('New password').fill(next);
    await page.getByLabel('The same again').fill(next);
    await page.getByRole('button', { name: 'Change the password' }).click();
  };
  await fill('wrong password');
  await page.getByText('This password does not open it.').waitFor(slow);
  await fill(password);
  await page.getByRole('heading', { name: 'Backup' }).waitFor(slow);
  await isUnlocked(page).click();
  await unlock(page, password);
  await page.getByText('This password does not open it.').waitFor(slow);
  await page.getByRole('dialog').getByLabel('Password', { exact: true }).fill(next);
  await page.getByRole('dialog').getByRole('button', { name: 'Unlock' }).click();
  await isUnlocked(page).waitFor(slow);
});

test('removed, it is gone from the browser', long, async () => {
  const visit = await site.visit();
  const { page } = visit;
  const { address, encrypted } = await createWallet(page);
  await page.goto(`${site.url()}/#/settings/remove`);
  const button = page.getByRole('button', { name: 'Remove it from this browser' });
  expect(await button.isDisabled()).toBe(true);
  await page.getByLabel('To confirm').fill(address.slice(-4));
  await button.click();
  await page.getByRole('link', { name: 'Create a wallet' }).waitFor();
  expect(found(await tracesOf(visit), [encrypted])).toEqual([]);
  await page.reload();
  await page.getByRole('link', { name: 'Create a wallet' }).waitFor();
});
