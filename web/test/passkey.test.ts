import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { expectAccessible, useSite } from './site.ts';
import { found, secretsOf, tracesOf } from './traces.ts';
import { createWallet, isLocked, isUnlocked, makeKey, password, proveBackup } from './wallet-steps.ts';

const site = useSite();
const long = { timeout: 60_000 };

/** A device with a finger on it: Chromium's own stand-in. */
async function addAuthenticator(page: Page, { prf }: { prf: boolean }) {
  const session = await page.context().newCDPSession(page);
  await session.send('WebAuthn.enable');
  const { authenticatorId } = await session.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      ctap2Version: 'ctap2_1',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
      hasPrf: prf,
    },
  });
  return {
    refuse: () => session.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified: false }),
    lose: () => session.send('WebAuthn.removeVirtualAuthenticator', { authenticatorId }),
  };
}

test('a passkey unlocks the wallet by itself; who has none of it has the password', long, async () => {
  const visit = await site.visit();
  const { page, complaints } = visit;
  const authenticator = await addAuthenticator(page, { prf: true });
  const backup = await makeKey(page);
  await proveBackup(page, backup);
  const toggle = page.getByRole('switch', { name: 'Use fingerprint, face or PIN' });
  await expectAccessible(page);
  await toggle.click();
  await expect.poll(() => toggle.isChecked()).toBe(true);
  await page.getByRole('link', { name: 'Continue' }).click();
  await page.reload();

  await isLocked(page).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Use fingerprint' }).click();
  await isUnlocked(page).waitFor();
  const traces = await tracesOf(visit);
  expect(found(traces, secretsOf(backup.privateKey, password))).toEqual([]);

  await isUnlocked(page).click();
  await authenticator.refuse();
  await isLocked(page).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Use fingerprint' }).click();
  await page.getByText('It was not set up.').waitFor();
  await authenticator.lose();
  await page.getByRole('dialog').getByLabel('Password', { exact: true }).fill(password);
  await page.getByRole('dialog').getByRole('button', { name: 'Unlock' }).click();
  await isUnlocked(page).waitFor({ timeout: 30_000 });
  expect(complaints).toEqual([]);
});

test('an authenticator without PRF is told so, and nothing is kept of it', long, async () => {
  const { page } = await site.visit();
  await addAuthenticator(page, { prf: false });
  await createWallet(page);
  await page.goto(`${site.url()}/#/settings/passkey`);
  await page.getByLabel('Password', { exact: true }).fill(password);
  await page.getByRole('button', { name: 'Use fingerprint' }).click();
  await page.getByText('no passkey that can hold a key').waitFor({ timeout: 30_000 });
  await page.reload();
  await isLocked(page).click();
  expect(await page.getByRole('dialog').getByRole('button', { name: 'Use fingerprint' }).count()).toBe(0);
});
