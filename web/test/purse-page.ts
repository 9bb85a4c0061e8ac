import type { Page } from 'playwright-core';
import { expect } from 'vitest';
import { createReader } from '../../chain/read.ts';
import { createRpc } from '../../chain/rpc.ts';
import type { Key } from '../../protocol/sign/key.ts';
import { datoshi, datoshiPerGas, formatGas } from '../../protocol/types/datoshi.ts';
import type { World } from '../../test/harness/world.ts';
import type { useSite, Visit } from './site.ts';
import { type Extension, installWallet } from './wallet-extension.ts';

export const gas = (amount: number) => datoshi(BigInt(Math.round(amount * 1e8)));
export const wholeGas = (amount: number) => datoshi(BigInt(amount) * datoshiPerGas);

export type PurseVisit = Visit & { extension: Extension };

/** Somebody with an installed wallet, on the page of their purse. */
export async function openPurse(site: ReturnType<typeof useSite>, key: Key, network: number): Promise<PurseVisit> {
  let extension: Extension | undefined;
  const visit = await site.visit('#/installed-wallet', {}, async (context) => {
    extension = await installWallet(context, key, network);
    // the phone of whoever registers calls upon a proxy that is none, and a browser says so
    await context.routeWebSocket('wss://sip.example.org/**', () => {});
  });
  await visit.page.getByRole('button', { name: 'Use Test wallet' }).click();
  const sheet = visit.page.getByRole('dialog');
  await sheet.getByText('Allow this device to read your calls’ records and to register your phone, until').waitFor();
  await sheet.getByRole('button', { name: 'Sign', exact: true }).click();
  await visit.page.getByRole('heading', { name: 'Purse', level: 1 }).waitFor();
  await visit.page.locator('.purse-sums data').first().waitFor();
  return { ...visit, extension: extension as Extension };
}

/** What stands in a line of the sums, as a decimal text. */
export const sum = (page: Page, name: 'own' | 'balance' | 'reserved') =>
  page.locator(`[data-sum=${name}] data`).getAttribute('value');

export const expectSum = (page: Page, name: 'own' | 'balance' | 'reserved', amount: bigint) =>
  expect.poll(() => sum(page, name), { timeout: 15_000 }).toBe(formatGas(amount));

/** Reads what will be signed, says yes, and waits for its block. */
export async function signAndWait(page: Page): Promise<{ sentence: string; outcome: string }> {
  const sheet = page.getByRole('dialog');
  const sentence = await sheet.locator('.purse-deeds').textContent();
  await sheet.getByRole('button', { name: 'Sign and send' }).click();
  const outcome = await sheet.locator('.purse-outcome').textContent();
  await sheet.getByRole('button', { name: 'Done' }).click();
  return { sentence: sentence ?? '', outcome: outcome ?? '' };
}

export const go = (page: Page, path: string) =>
  page.evaluate((hash) => {
    location.hash = hash;
  }, path);

/** The chain itself, beside the page. */
export const readerOf = ({ contract }: World, rpc: string) => createReader(createRpc([rpc]), contract);
