import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { addressOfWalletFile, createAccount, createWalletFile, keyOfWif, openWalletFile } from './account.ts';
import { signMessage, verifyMessage } from './signature.ts';
import { addressOfPublicKey } from './types.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'krypton-account-'));
});
afterAll(() => rm(folder, { recursive: true }));

describe('a NEP-6 wallet file', () => {
  test.each([false, true])('gives back the account that was written (multisig: %s)', async (multisig) => {
    const path = join(folder, `wallet-${multisig}.json`);
    const written = await createWalletFile(path, 'secret', { name: 'test', multisig });
    const opened = await openWalletFile(path, 'secret');
    expect(opened).toMatchObject({ address: written.address, publicKey: written.publicKey });
    expect(opened.verificationScript).toEqual(written.verificationScript);
    expect(await addressOfWalletFile(path)).toBe(written.address);
    await expect(openWalletFile(path, 'wrong')).rejects.toThrow('the password does not open');
    await expect(createWalletFile(path, 'secret', { name: 'again' })).rejects.toThrow('never overwritten');
  });

  test('that is missing is said in one line', async () => {
    await expect(openWalletFile(join(folder, 'none.json'), 'x')).rejects.toThrow('there is no wallet file');
  });
});

test('what an account signs, NEO and node:crypto both verify', () => {
  const account = createAccount();
  const message = Buffer.from('KRYPTON');
  expect(addressOfPublicKey(account.publicKey)).toBe(account.address);
  for (const signature of [account.sign(message), signMessage(account.privateKey, message)]) {
    expect(verifyMessage(account.publicKey, message, signature)).toBe(true);
    expect(verifyMessage(account.publicKey, Buffer.from('other'), signature)).toBe(false);
    expect(verifyMessage(createAccount().publicKey, message, signature)).toBe(false);
  }
  expect(verifyMessage(account.publicKey, message, Buffer.alloc(63))).toBe(false);
});

test('a WIF that is none is refused', () => {
  expect(() => keyOfWif('nonsense')).toThrow('WIF');
});
