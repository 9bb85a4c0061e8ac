import { createECDH } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { wallet } from '@cityofzion/neon-js';
import { type Address, addressSchema, type PublicKey } from './types.ts';

/** An account that can sign: a single key, or the 1-of-1 multisig of a devnet's only validator. */
export type Account = {
  address: Address;
  publicKey: PublicKey;
  /** Raw ECDSA (r|s, 64 bytes) on secp256r1 with SHA-256. */
  sign(message: Uint8Array): Buffer;
  /** The script that a signature of this account is checked by. */
  verificationScript: Buffer;
  /** 32 bytes, for what else the key signs (HTTP messages); never printed. */
  privateKey: Buffer;
};

/** A wallet file is missing, unreadable, or its password is wrong: the message is for a person. */
export class WalletError extends Error {
  override name = 'WalletError';
}

export function createAccount(): Account {
  return accountOfKey(Buffer.from(wallet.generatePrivateKey(), 'hex'));
}

export function accountOfKey(privateKey: Buffer, { multisig = false } = {}): Account {
  const single = new wallet.Account(privateKey.toString('hex'));
  const account = multisig ? wallet.Account.createMultiSig(1, [single.publicKey]) : single;
  return {
    address: account.address as Address,
    publicKey: single.publicKey as PublicKey,
    sign: (message) => Buffer.from(wallet.sign(Buffer.from(message).toString('hex'), single.privateKey), 'hex'),
    verificationScript: Buffer.from(account.contract.script, 'base64'),
    privateKey,
  };
}

/** Private key (32 bytes) of a WIF string. @throws WalletError */
export function keyOfWif(wif: string): Buffer {
  if (!wallet.isWIF(wif)) throw new WalletError('expected a private key in WIF (52 characters, K… or L…)');
  return Buffer.from(wallet.getPrivateKeyFromWIF(wif), 'hex');
}

/**
 * Writes an account into a new NEP-6 wallet file, its key encrypted (NEP-2); an existing file is never overwritten.
 * @throws WalletError the file exists, or can't be written
 */
export async function writeWalletFile(
  path: string,
  password: string,
  account: Account,
  { name, multisig = false }: { name: string; multisig?: boolean },
): Promise<void> {
  const single = new wallet.Account(account.privateKey.toString('hex'));
  const stored = multisig ? wallet.Account.createMultiSig(1, [single.publicKey]) : single;
  const key = await wallet.encrypt(single.privateKey, password);
  const file = {
    name,
    version: '1.0',
    scrypt: { n: 16384, r: 8, p: 8 },
    accounts: [
      {
        address: stored.address,
        label: name,
        isDefault: true,
        lock: false,
        key,
        contract: stored.contract,
        extra: null,
      },
    ],
    extra: null,
  };
  await writeFile(path, `${JSON.stringify(file, null, 2)}\n`, { mode: 0o600, flag: 'wx' }).catch((error) => {
    if (error.code === 'EEXIST') throw new WalletError(`${path} exists already; a wallet file is never overwritten`);
    throw new WalletError(`can't write the wallet file ${path}`, { cause: error });
  });
}

/** Makes a fresh key and its NEP-6 wallet file. @throws WalletError */
export async function createWalletFile(
  path: string,
  password: string,
  options: { name: string; multisig?: boolean },
): Promise<Account> {
  const account = accountOfKey(createAccount().privateKey, options);
  await writeWalletFile(path, password, account, options);
  return account;
}

/** The default account of a NEP-6 wallet file, or its first. @throws WalletError */
export async function openWalletFile(path: string, password: string): Promise<Account> {
  const entry = defaultAccount(path, await readWalletFile(path));
  try {
    const key = keyOfWif(await wallet.decrypt(entry.key, password));
    const single = accountOfKey(key);
    return single.address === entry.address ? single : accountOfKey(key, { multisig: true });
  } catch (error) {
    throw new WalletError(`the password does not open ${path}`, { cause: error });
  }
}

/** The address of a wallet file's account; needs no password. @throws WalletError */
export async function addressOfWalletFile(path: string): Promise<Address> {
  const entry = defaultAccount(path, await readWalletFile(path));
  const parsed = addressSchema.safeParse(entry.address);
  if (!parsed.success) throw new WalletError(`${path} names no NEO N3 address`);
  return parsed.data;
}

type WalletJson = { accounts?: { address: string; key: string; isDefault?: boolean }[] };

async function readWalletFile(path: string): Promise<WalletJson> {
  const text = await readFile(path, 'utf8').catch((error) => {
    throw new WalletError(
      error.code === 'ENOENT' ? `there is no wallet file ${path}` : `can't read the wallet file ${path}`,
      { cause: error },
    );
  });
  try {
    return JSON.parse(text) as WalletJson;
  } catch (error) {
    throw new WalletError(`${path} is no NEP-6 wallet file (it is not JSON)`, { cause: error });
  }
}

function defaultAccount(path: string, file: WalletJson): { address: string; key: string } {
  const entry = file.accounts?.find((account) => account.isDefault) ?? file.accounts?.[0];
  if (!entry?.key) throw new WalletError(`${path} holds no account with a key`);
  return entry;
}

/** The uncompressed point (65 bytes) of a compressed public key, as WebCrypto and JWK want it. */
export function uncompressedPublicKey(publicKey: PublicKey): Buffer {
  const point = wallet.getPublicKeyUnencoded(publicKey);
  return Buffer.from(point, 'hex');
}

/** Public point of a private key, uncompressed. */
export function publicPoint(privateKey: Buffer): Buffer {
  const ecdh = createECDH('prime256v1');
  ecdh.setPrivateKey(privateKey);
  return ecdh.getPublicKey();
}
