import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { provideWallet } from './wallets.ts';

const folder = mkdtempSync(join(tmpdir(), 'krypton-wallets-'));
const [whole, used] = [join(folder, 'whole'), join(folder, 'used')];
afterAll(() => rmSync(folder, { recursive: true }));

const walletIn = (place: string) => ({ path: join(place, 'owner.json'), passwordFile: join(place, 'owner.password') });
const wallet = walletIn(used);
let address: string;

beforeAll(async () => {
  mkdirSync(whole);
  address = (await provideWallet(walletIn(whole), 'owner')).address;
});
beforeEach(() => {
  rmSync(used, { recursive: true, force: true });
  cpSync(whole, used, { recursive: true });
});

test('a wallet is made once, whole, and opened ever after', async () => {
  expect(readdirSync(whole).sort()).toEqual(['owner.json', 'owner.password']);
  expect((await provideWallet(wallet, 'owner')).address).toBe(address);
});

test.each([
  ['an emptied wallet file', () => writeFileSync(wallet.path, ''), /owner\.json is no NEP-6 wallet file/],
  ['another password', () => writeFileSync(wallet.passwordFile, 'no'), /does not open .*owner\.json/],
  ['no password', () => rmSync(wallet.passwordFile), /owner\.password is missing/],
])('%s is one line that says what helps', async (_what, damage, why) => {
  damage();
  const opening = provideWallet(wallet, 'owner');
  await expect(opening).rejects.toThrow(why);
  await expect(opening).rejects.toThrow(/put back a copy of .* or begin a new devnet by npm run reset/);
});
