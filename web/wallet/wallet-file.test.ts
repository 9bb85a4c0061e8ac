import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { openWalletFile } from '../../chain/wallet-file.ts';
import { createKey } from '../../protocol/sign/key.ts';
import { encryptKey } from './nep2.ts';
import { readWalletFile, writeWalletFile } from './wallet-file.ts';

const folder = mkdtempSync(join(tmpdir(), 'krypton-web-wallet-'));
afterAll(() => rmSync(folder, { recursive: true }));

const cheap = { n: 2, r: 1, p: 1 };
const account = (more: object = {}) => {
  const key = createKey();
  return { address: key.address, key: encryptKey(key.privateKey, 'x', cheap), ...more };
};
const read = (accounts: object[], more: object = {}) => readWalletFile(JSON.stringify({ accounts, ...more }));

test('a backup is a wallet file that the command line opens', async () => {
  const key = createKey();
  const text = writeWalletFile({ ...key, encrypted: encryptKey(key.privateKey, 'secret') });
  const path = join(folder, 'wallet.json');
  writeFileSync(path, text);
  expect((await openWalletFile(path, 'secret')).privateKey).toEqual(key.privateKey);
  const content = readWalletFile(text);
  expect(content).toMatchObject({ kind: 'accounts', accounts: [{ address: key.address, label: 'KRYPTON' }] });
});

test("another wallet's file: its default first, those that it only watches left out, its own numbers", () => {
  const [first, chosen, watched] = [account(), account({ isDefault: true, label: 'mine' }), account({ key: null })];
  expect(read([first, watched, chosen], { scrypt: cheap })).toEqual({
    kind: 'accounts',
    accounts: [
      { address: chosen.address, label: 'mine', encrypted: chosen.key, cost: cheap },
      { address: first.address, label: '', encrypted: first.key, cost: cheap },
    ],
  });
});

test.each([
  ['no JSON', () => readWalletFile('L1QqQJnpBwbsPGAuutuzPTac8piqvbR1HRjrY5qHup48TBCBFe4g'), 'notNep6'],
  ['other JSON', () => readWalletFile('[1]'), 'notNep6'],
  ['an address of another chain', () => read([{ ...account(), address: 'AK2nJJpJr6o664' }]), 'notNep6'],
  ['numbers that would take all memory', () => read([account()], { scrypt: { n: 2 ** 30, r: 8, p: 8 } }), 'notNep6'],
  ['no account', () => read([]), 'noKey'],
  ['watched accounts alone', () => read([account({ key: null })]), 'noKey'],
  ['a key with a character too few', () => read([account({ key: account().key.slice(1) })]), 'broken'],
])('a file with %s is refused', (_, content, why) => {
  expect(content()).toEqual({ kind: 'refused', why });
});
