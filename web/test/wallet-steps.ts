import { readFileSync } from 'node:fs';
import type { Page } from 'playwright-core';
import { expect } from 'vitest';
import { decryptKey } from '../wallet/nep2.ts';
import { byTouch, type Hand } from './hand.ts';

export const password = 'four words to try';

/** scrypt takes half a second on an idle machine. */
export const slow = { timeout: 30_000 };

/** What a wallet is known by, outside of the page. */
export type Backup = { encrypted: string; privateKey: Uint8Array; address: string; file: string };

/** From the first screen to the backup, which is saved as a file. */
export async function makeKey(page: Page, hand: Hand = byTouch): Promise<Backup> {
  await hand.press(page.getByRole('link', { name: 'Create a wallet' }));
  await hand.write(page.getByLabel('New password'), password);
  await hand.write(page.getByLabel('The same again'), password);
  await hand.press(page.getByRole('button', { name: 'Make the key' }));
  await page.getByRole('heading', { name: 'Keep the backup' }).waitFor(slow);
  const saving = page.waitForEvent('download');
  await hand.press(page.getByRole('button', { name: 'Save as a file' }));
  const file = await (await saving).path();
  const [account] = JSON.parse(readFileSync(file, 'utf8')).accounts;
  const privateKey = decryptKey(account.key, password) ?? expect.fail('the backup does not open');
  return { encrypted: account.key, privateKey, address: account.address, file };
}

/** Reads the characters that are asked for from the backup. */
export async function proveBackup(page: Page, { encrypted }: Backup, hand: Hand = byTouch): Promise<void> {
  await hand.press(page.getByRole('button', { name: 'I have kept it' }));
  await answerProof(page, (place) => encrypted[place - 1] ?? '', hand);
  await page.getByRole('heading', { name: 'Your wallet is ready' }).first().waitFor();
}

export async function answerProof(page: Page, answer: (place: number) => string, hand: Hand = byTouch): Promise<void> {
  const fields = page.locator('.characters label');
  await fields.first().waitFor();
  for (const field of await fields.all()) {
    const [, place] = /^Character (\d+)/.exec((await field.textContent()) ?? '') ?? [];
    await hand.write(field.locator('input'), answer(Number(place)));
  }
  await hand.press(page.getByRole('button', { name: 'Continue' }));
}

export async function createWallet(page: Page): Promise<Backup> {
  const backup = await makeKey(page);
  await proveBackup(page, backup);
  return backup;
}

export async function unlock(page: Page, typed: string): Promise<void> {
  await page.getByRole('button', { name: 'Unlock' }).first().click();
  const sheet = page.getByRole('dialog');
  await sheet.getByLabel('Password', { exact: true }).fill(typed);
  await sheet.getByRole('button', { name: 'Unlock' }).click();
}

/** It opens without a question from now on; what is kept says so. */
export async function stayOpen(page: Page): Promise<void> {
  await page.getByRole('switch', { name: 'Stay unlocked on this device' }).click();
  const kept = () =>
    page.evaluate(
      () =>
        new Promise<boolean>((resolve) => {
          const opening = indexedDB.open('krypton-wallet');
          opening.onsuccess = () => {
            const reading = opening.result.transaction('wallet').objectStore('wallet').get('current');
            reading.onsuccess = () => {
              opening.result.close();
              resolve(reading.result.staysOpen && reading.result.deviceKey !== null);
            };
          };
        }),
    );
  await expect.poll(kept, { timeout: 10_000 }).toBe(true);
}

export const isUnlocked = (page: Page) => page.getByRole('button', { name: 'Lock', exact: true });
export const isLocked = (page: Page) => page.getByRole('button', { name: 'Unlock', exact: true });
