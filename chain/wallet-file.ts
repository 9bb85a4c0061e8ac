import { link, open, readFile, unlink } from 'node:fs/promises';
import { wallet } from '@cityofzion/neon-js';
import { bytesToHex } from '@noble/hashes/utils.js';
import { z } from 'zod';
import { createKey, type Key, keyOf, privateKeyOfWif } from '../protocol/sign/key.ts';
import { publicKeyOf } from '../protocol/sign/p256.ts';
import { type Address, addressOfScript, addressSchema } from '../protocol/types/address.ts';
import { base64OfBytes, bytesOfBase64 } from '../protocol/types/bytes.ts';
import type { PublicKey } from '../protocol/types/public-key.ts';
import { multisigScript, readScript, signatureScript } from '../protocol/types/verification-script.ts';

/** NEP-6 wallet files with NEP-2 keys. Node.js only; the one place for neon-js's NEP-2. */

/** A wallet file is missing, unreadable, or its password is wrong: the message is for a person. */
export class WalletError extends Error {
  override name = 'WalletError';
}

/** Cost of NEP-2's scrypt, as the NEP gives it. A file may name other numbers. */
const nep2Scrypt = { n: 16384, r: 8, p: 8 };

/**
 * Writes a key into a new NEP-6 wallet file, encrypted (NEP-2); an existing file is never overwritten.
 * @throws WalletError the file exists, or can't be written
 */
export async function writeWalletFile(
  path: string,
  password: string,
  { address, privateKey, verificationScript }: Key,
  name: string,
): Promise<void> {
  const file = {
    name,
    version: '1.0',
    scrypt: nep2Scrypt,
    accounts: [
      {
        address,
        label: name,
        isDefault: true,
        lock: false,
        key: await wallet.encrypt(bytesToHex(privateKey), password),
        contract: {
          script: base64OfBytes(verificationScript),
          parameters: [{ name: 'signature', type: 'Signature' }],
          deployed: false,
        },
        extra: null,
      },
    ],
    extra: null,
  };
  await writeWhole(path, `${JSON.stringify(file, null, 2)}\n`).catch((error) => {
    if (error.code === 'EEXIST') throw new WalletError(`${path} exists already; a wallet file is never overwritten`);
    throw new WalletError(`can't write the wallet file ${path}`, { cause: error });
  });
}

/** The file gets its name once it is whole and on disk: half a wallet would hold no key. A link never overwrites. */
async function writeWhole(path: string, text: string): Promise<void> {
  const unfinished = `${path}.${process.pid}`;
  const file = await open(unfinished, 'w', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
    await link(unfinished, path);
  } finally {
    await file.close();
    await unlink(unfinished);
  }
}

/** Makes a fresh key and its NEP-6 wallet file. @throws WalletError */
export async function createWalletFile(path: string, password: string, name: string): Promise<Key> {
  const key = createKey();
  await writeWalletFile(path, password, key, name);
  return key;
}

/**
 * The default account of a NEP-6 wallet file, or its first: never another address than the file names.
 * @throws WalletError with the reason
 */
export async function openWalletFile(path: string, password: string): Promise<Key> {
  const file = await readWalletFile(path);
  const account = defaultAccount(path, file);
  if (!account.key) throw new WalletError(`${path} holds no key for ${account.address}: it only watches that account`);
  const privateKey = await decrypt(path, account.key, password, file.scrypt);
  return keyOf(privateKey, scriptFor(path, account, publicKeyOf(privateKey)));
}

/**
 * The address and, where the file tells it, the public key of a wallet file's account; needs no password. @throws
 * WalletError
 */
export async function readAccount(path: string): Promise<{ address: Address; publicKey: PublicKey | null }> {
  const { address, contract } = defaultAccount(path, await readWalletFile(path));
  const script = contract?.script ? bytesOfBase64(contract.script) : new Uint8Array();
  const publicKeys = readScript(script)?.publicKeys ?? [];
  const [publicKey] = publicKeys;
  const told = publicKey !== undefined && publicKeys.length === 1 && addressOfScript(script) === address;
  return { address, publicKey: told ? publicKey : null };
}

/** As much of NEP-6 as is needed; other wallets leave out what they don't use. */
const fileSchema = z.object({
  scrypt: z.object({ n: z.int(), r: z.int(), p: z.int() }).nullish(),
  accounts: z
    .array(
      z.object({
        address: addressSchema,
        isDefault: z.boolean().nullish(),
        key: z.string().nullish(),
        contract: z.object({ script: z.base64().nullish() }).nullish(),
      }),
    )
    .min(1, 'expected at least one account'),
});
type WalletJson = z.infer<typeof fileSchema>;
type AccountJson = WalletJson['accounts'][number];

async function readWalletFile(path: string): Promise<WalletJson> {
  const text = await readFile(path, 'utf8').catch((error) => {
    throw new WalletError(
      error.code === 'ENOENT' ? `there is no wallet file ${path}` : `can't read the wallet file ${path}`,
      { cause: error },
    );
  });
  const parsed = fileSchema.safeParse(parseJson(path, text));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new WalletError(`${path} is no NEP-6 wallet file: ${issue?.path.join('.')}: ${issue?.message}`);
}

function parseJson(path: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new WalletError(`${path} is no NEP-6 wallet file (it is not JSON)`, { cause: error });
  }
}

/** The one that the file calls its default, else the first one with a key. */
function defaultAccount(path: string, { accounts }: WalletJson): AccountJson {
  const account = accounts.find((one) => one.isDefault) ?? accounts.find((one) => one.key) ?? accounts[0];
  if (!account) throw new WalletError(`${path} holds no account`);
  return account;
}

/** scrypt takes 128 * n * r bytes; NEP-2's own parameters take 16 MiB. */
const MAX_SCRYPT_BYTES = 1024 ** 3;

async function decrypt(path: string, key: string, password: string, scrypt: WalletJson['scrypt']): Promise<Uint8Array> {
  const { n, r, p } = scrypt ?? nep2Scrypt;
  const usable =
    n > 1 && Number.isInteger(Math.log2(n)) && r > 0 && p > 0 && p <= 64 && 128 * n * r <= MAX_SCRYPT_BYTES;
  if (!usable) throw new WalletError(`${path} names scrypt parameters (n ${n}, r ${r}, p ${p}) that can't be used`);
  if (!wallet.isNEP2(key)) throw new WalletError(`${path} holds a key that is not in the form of NEP-2`);
  let wif: string;
  try {
    wif = await wallet.decrypt(key, password, { n, r, p });
  } catch (error) {
    throw new WalletError(`the password does not open ${path}`, { cause: error });
  }
  return privateKeyOfWif(wif);
}

/** The script that the key may sign for, with the address that the file names. @throws WalletError */
function scriptFor(path: string, { address, contract }: AccountJson, publicKey: PublicKey): Uint8Array {
  if (!contract?.script) {
    const own = [signatureScript(publicKey), multisigScript(publicKey)].find(
      (each) => addressOfScript(each) === address,
    );
    if (own) return own;
    throw new WalletError(
      `${path}: its key is not the key of ${address}, and no script says how the two belong together`,
    );
  }
  const script = bytesOfBase64(contract.script);
  if (addressOfScript(script) !== address)
    throw new WalletError(`${path}: ${address} is not the address of the script that stands beside it`);
  const rule = readScript(script);
  if (!rule)
    throw new WalletError(`${path}: ${address} is the account of a script that is neither of one key nor multisig`);
  if (!rule.publicKeys.includes(publicKey)) throw new WalletError(`${path}: its key is not a key of ${address}`);
  if (rule.signatures > 1)
    throw new WalletError(
      `${path}: ${address} takes ${rule.signatures} of ${rule.publicKeys.length} signatures, and this file can give one`,
    );
  return script;
}
