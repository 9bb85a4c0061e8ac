import { ecb } from '@noble/ciphers/aes.js';
import { scrypt } from '@noble/hashes/scrypt.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { concatBytes, utf8ToBytes } from '@noble/hashes/utils.js';
import { createBase58check } from '@scure/base';
import { publicKeyOf } from '../../protocol/sign/p256.ts';
import { addressOfPublicKey } from '../../protocol/types/address.ts';

/**
 * NEP-2: a private key, encrypted with a password, as 58 characters (6P…). Slow by intent, so that a worker does it
 * (nep2-worker.ts).
 */

/** What scrypt costs; the NEP's own numbers. A wallet file may name others. */
export type Cost = { n: number; r: number; p: number };
export const nep2Cost: Cost = { n: 16_384, r: 8, p: 8 };

/** What a worker is asked. */
export type Nep2Request =
  | { privateKey: Uint8Array; password: string }
  | { encrypted: string; password: string; cost: Cost };

/** scrypt takes 128 * n * r bytes; the NEP's own numbers take 16 MiB. A page has less room than a server. */
const MAX_SCRYPT_BYTES = 256 * 1024 ** 2;

const base58check = createBase58check(sha256);
const prefix = Uint8Array.of(0x01, 0x42, 0xe0);
const PATTERN = /^6P[1-9A-HJ-NP-Za-km-z]{56}$/;

export const isUsable = ({ n, r, p }: Cost): boolean =>
  n > 1 && Number.isInteger(Math.log2(n)) && r > 0 && p > 0 && p <= 64 && 128 * n * r <= MAX_SCRYPT_BYTES;

export function encryptKey(privateKey: Uint8Array, password: string, cost = nep2Cost): string {
  const check = checkOf(privateKey);
  const { mask, cipher } = derive(password, check, cost);
  const encrypted = cipher.encrypt(xor(privateKey, mask));
  return base58check.encode(concatBytes(prefix, check, encrypted));
}

/** Null: the password is wrong, or the text is no NEP-2 key; its own checksum tells a slip of the pen. */
export function decryptKey(text: string, password: string, cost = nep2Cost): Uint8Array | null {
  const bytes = readNep2(text);
  if (!bytes) return null;
  const check = bytes.subarray(3, 7);
  const { mask, cipher } = derive(password, check, cost);
  const privateKey = xor(cipher.decrypt(bytes.subarray(7)), mask);
  return isKeyOf(privateKey, check) ? privateKey : null;
}

/** Null: a character is wrong, or missing. */
function readNep2(text: string): Uint8Array | null {
  if (!PATTERN.test(text)) return null;
  try {
    const bytes = base58check.decode(text);
    return bytes.length === 39 && prefix.every((byte, at) => bytes[at] === byte) ? bytes : null;
  } catch {
    return null; // the checksum does not fit: the library says so by throwing
  }
}

/** True where all 58 characters are as they were written. */
export const isWholeNep2 = (text: string): boolean => readNep2(text) !== null;

function derive(password: string, check: Uint8Array, cost: Cost) {
  const bytes = scrypt(utf8ToBytes(password.normalize('NFC')), check, { N: cost.n, r: cost.r, p: cost.p, dkLen: 64 });
  return { mask: bytes.subarray(0, 32), cipher: ecb(bytes.subarray(32), { disablePadding: true }) };
}

/** The first four bytes of the address' hash: salt, and the proof that the password was right. */
function checkOf(privateKey: Uint8Array): Uint8Array {
  return sha256(sha256(utf8ToBytes(addressOfPublicKey(publicKeyOf(privateKey))))).subarray(0, 4);
}

function isKeyOf(privateKey: Uint8Array, check: Uint8Array): boolean {
  try {
    return checkOf(privateKey).every((byte, at) => byte === check[at]);
  } catch {
    return false; // what a wrong password makes of it need not even be a number of the curve
  }
}

const xor = (one: Uint8Array, other: Uint8Array) => one.map((byte, at) => byte ^ (other[at] ?? 0));
