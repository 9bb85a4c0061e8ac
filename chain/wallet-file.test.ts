import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { wallet } from '@cityofzion/neon-js';
import { bytesToHex } from '@noble/hashes/utils.js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createKey, type Key, keyOf, privateKeyOfWif } from '../protocol/sign/key.ts';
import { isSignatureValid } from '../protocol/sign/p256.ts';
import { addressOfScript } from '../protocol/types/address.ts';
import { base64OfBytes, bytesOfHex } from '../protocol/types/bytes.ts';
import { multisigScript } from '../protocol/types/verification-script.ts';
import { createWalletFile, openWalletFile, readAccount, writeWalletFile } from './wallet-file.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'krypton-wallet-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** Cheap parameters: what costs time is tried once, with NEP-2's own. */
const cheap = { n: 2, r: 1, p: 1 };
let files = 0;

/** A wallet file as another program writes it. */
async function write(account: Record<string, unknown> | null, file: Record<string, unknown> = {}): Promise<string> {
  files += 1;
  const path = join(folder, `${files}.json`);
  const accounts = account === null ? [] : [account];
  await writeFile(
    path,
    JSON.stringify({ name: 'other', version: '1.0', scrypt: cheap, accounts, extra: null, ...file }),
  );
  return path;
}

const nep2 = (key: Key, scrypt = cheap) => wallet.encrypt(bytesToHex(key.privateKey), 'secret', scrypt);
const open = (path: string) => openWalletFile(path, 'secret');

/** The script of an m-of-n account, by neon-js. */
function multisig(signatures: number, keys: Key[]): { address: string; script: string } {
  const account = wallet.Account.createMultiSig(
    signatures,
    keys.map(({ publicKey }) => publicKey),
  );
  return { address: account.address, script: account.contract.script };
}

describe('a wallet file of ours', () => {
  test('gives back the key that was written', async () => {
    const path = join(folder, 'own.json');
    const written = await createWalletFile(path, 'secret', 'test');
    const opened = await open(path);
    expect(opened).toMatchObject({ address: written.address, publicKey: written.publicKey });
    expect(opened.verificationScript).toEqual(written.verificationScript);
    expect(await readAccount(path)).toEqual({ address: written.address, publicKey: written.publicKey });
    expect((await new wallet.Wallet(JSON.parse(await readFile(path, 'utf8'))).decryptAll('secret'))[0]).toBe(true);
    await expect(openWalletFile(path, 'wrong')).rejects.toThrow('the password does not open');
    await expect(createWalletFile(path, 'secret', 'again')).rejects.toThrow('never overwritten');
  });

  test('holds a 1-of-1 multisig account too', async () => {
    const path = join(folder, 'multisig.json');
    const { privateKey, publicKey } = createKey();
    const written = keyOf(privateKey, multisigScript(publicKey));
    await writeWalletFile(path, 'secret', written, 'test');
    expect((await open(path)).address).toBe(written.address);
  });
});

describe('a wallet file of another program opens', () => {
  test('with scrypt parameters of its own', async () => {
    const key = createKey();
    const scrypt = { n: 4, r: 2, p: 3 };
    const path = await write({ address: key.address, key: await nep2(key, scrypt) }, { scrypt });
    expect((await open(path)).privateKey).toEqual(key.privateKey);
  });

  test('with the default account in another place, beside accounts that it only watches', async () => {
    const [key, watched] = [createKey(), createKey()];
    const accounts = [
      { address: watched.address, key: null, contract: null, isDefault: false },
      { address: key.address, key: await nep2(key), isDefault: true, label: 'mine', lock: true, extra: { a: 1 } },
    ];
    expect((await open(await write(null, { accounts }))).address).toBe(key.address);
  });

  test('where one signature of several keys is enough: it signs as the address that the file names', async () => {
    const [key, other] = [createKey(), createKey()];
    const { address, script } = multisig(1, [key, other]);
    const opened = await open(await write({ address, key: await nep2(key), contract: { script } }));
    expect(opened).toMatchObject({ address, publicKey: key.publicKey });
    expect(base64OfBytes(opened.verificationScript)).toBe(script);
  });
});

describe('a wallet file is refused', () => {
  test.each([
    [2, 3],
    [17, 20],
  ])('where %i of %i keys must sign', async (signatures, count) => {
    const keys = Array.from({ length: count }, createKey);
    const { address, script } = multisig(signatures, keys);
    const path = await write({ address, key: await nep2(keys[0] as Key), contract: { script } });
    await expect(open(path)).rejects.toThrow(`${address} takes ${signatures} of ${count} signatures`);
    expect(await readAccount(path)).toEqual({ address, publicKey: null });
  });

  test('where key, script and address do not belong together', async () => {
    const [key, other] = [createKey(), createKey()];
    const script = base64OfBytes(other.verificationScript);
    const [key2, foreign] = [await nep2(key), multisig(1, [other])];
    await expect(open(await write({ address: other.address, key: key2 }))).rejects.toThrow('is not the key of');
    await expect(open(await write({ address: other.address, key: key2, contract: { script } }))).rejects.toThrow(
      `its key is not a key of ${other.address}`,
    );
    await expect(open(await write({ address: key.address, key: key2, contract: { script } }))).rejects.toThrow(
      'is not the address of the script',
    );
    const member = { address: foreign.address, key: key2, contract: { script: foreign.script } };
    await expect(open(await write(member))).rejects.toThrow('its key is not a key of');
    const odd = bytesOfHex('11');
    const contract = { script: base64OfBytes(odd) };
    await expect(open(await write({ address: addressOfScript(odd), key: key2, contract }))).rejects.toThrow('neither');
  });

  test.each([[{ n: 3, r: 1, p: 1 }], [{ n: 2 ** 30, r: 8, p: 8 }], [{ n: 0, r: 0, p: 0 }]])(
    'with the scrypt parameters %o',
    async (scrypt) => {
      const key = createKey();
      await expect(open(await write({ address: key.address, key: await nep2(key) }, { scrypt }))).rejects.toThrow(
        "that can't be used",
      );
    },
  );

  test.each([
    ['is missing', () => join(folder, 'none.json'), 'there is no wallet file'],
    ['is no JSON', () => writeText('wallet'), 'it is not JSON'],
    ['is other JSON', () => writeText('[1]'), 'is no NEP-6 wallet file'],
    ['has no account', () => write(null), 'expected at least one account'],
    ['has an account of another chain', () => write({ address: 'AK2nJJpJr6o664', key: 'x' }), 'accounts.0.address'],
    ['only watches', () => write({ address: createKey().address, key: null }), 'it only watches that account'],
    ['holds a key of another form', () => write({ address: createKey().address, key: 'KxDg' }), 'not in the form'],
  ])('that %s', async (_, path, reason) => {
    await expect(open(await path())).rejects.toThrow(reason);
  });
});

async function writeText(text: string): Promise<string> {
  const path = join(folder, `text-${text.length}.json`);
  await writeFile(path, text);
  return path;
}

test('what a key signs is verified, by nobody else', async () => {
  const key = createKey();
  const message = new TextEncoder().encode('KRYPTON');
  const signature = await key.sign(message);
  expect(isSignatureValid(key.publicKey, message, signature)).toBe(true);
  expect(isSignatureValid(key.publicKey, new TextEncoder().encode('other'), signature)).toBe(false);
  expect(isSignatureValid(createKey().publicKey, message, signature)).toBe(false);
  expect(isSignatureValid(key.publicKey, message, new Uint8Array(63))).toBe(false);
  expect(wallet.verify(bytesToHex(message), bytesToHex(signature), key.publicKey)).toBe(true);
});

test('a WIF is the one that NEO makes of a key, and what is none is refused', () => {
  const key = createKey();
  const wif = wallet.getWIFFromPrivateKey(bytesToHex(key.privateKey));
  expect(privateKeyOfWif(wif)).toEqual(key.privateKey);
  expect(new wallet.Account(wif).address).toBe(key.address);
  for (const bad of ['nonsense', '', `${wif}1`, wif.replace(/.$/, (last) => (last === '2' ? '3' : '2'))])
    expect(() => privateKeyOfWif(bad)).toThrow('WIF');
});
