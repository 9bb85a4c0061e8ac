import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { provideWallet } from './wallets.ts';

const folder = mkdtempSync(join(tmpdir(), 'krypton-wallets-'));
afterAll(() => rmSync(folder, { recursive: true }));

const wallet = { path: join(folder, 'owner.json'), passwordFile: join(folder, 'owner.password') };

test('a wallet is made once, whole, and opened ever after', async () => {
  const made = await provideWallet(wallet, 'owner');
  expect(readdirSync(folder).sort()).toEqual(['owner.json', 'owner.password']);
  expect((await provideWallet(wallet, 'owner')).address).toBe(made.address);
});

test.each([
  ['an emptied wallet file', () => writeFileSync(wallet.path, ''), /owner\.json is no NEP-6 wallet file/],
  ['another password', () => writeFileSync(wallet.passwordFile, 'no'), /does not open .*owner\.json/],
  ['no password', () => rmSync(wallet.passwordFile), /owner\.password is missing/],
])('%s is one line that says what helps', async (_what, damage, why) => {
  for (const file of readdirSync(folder)) rmSync(join(folder, file));
  await provideWallet(wallet, 'owner');
  damage();
  const opening = provideWallet(wallet, 'owner');
  await expect(opening).rejects.toThrow(why);
  await expect(opening).rejects.toThrow(/put back a copy of .* or begin a new devnet by npm run reset/);
});
