import { sha256 } from '@noble/hashes/sha2.js';
import { concatBytes } from '@noble/hashes/utils.js';
import { createBase58check } from '@scure/base';
import { addressOfScript } from '../types/address.ts';
import { signatureScript } from '../types/verification-script.ts';
import { createPrivateKey, publicKeyOf, signMessage } from './p256.ts';
import type { Signer } from './signer.ts';

/** A signer whose private key (32 bytes) this process holds, to store it; it is never printed. */
export type Key = Signer & { readonly privateKey: Uint8Array };

export const createKey = (): Key => keyOf(createPrivateKey());

/** The key as a signer for its own account, or for the account of a script that takes one signature of it. */
export function keyOf(
  privateKey: Uint8Array,
  verificationScript: Uint8Array = signatureScript(publicKeyOf(privateKey)),
): Key {
  return {
    address: addressOfScript(verificationScript),
    publicKey: publicKeyOf(privateKey),
    verificationScript,
    sign: async (message) => signMessage(privateKey, message),
    privateKey,
  };
}

/** Bitcoin's wallet import format, version 0x80, with the mark of a compressed public key. */
const base58check = createBase58check(sha256);
const WIF_VERSION = 0x80;
const WIF_COMPRESSED = 0x01;

/** Private key (32 bytes) of a WIF string. @throws RangeError */
export function privateKeyOfWif(wif: string): Uint8Array {
  const bytes = /^[KL][1-9A-HJ-NP-Za-km-z]{51}$/.test(wif) ? decode(wif) : undefined;
  if (bytes?.length !== 34 || bytes[0] !== WIF_VERSION || bytes[33] !== WIF_COMPRESSED)
    throw new RangeError('expected a private key in WIF (52 characters, K… or L…)');
  return bytes.slice(1, 33);
}

/** The WIF string of a private key: whoever reads it has the key. */
export const wifOf = (privateKey: Uint8Array): string =>
  base58check.encode(concatBytes(Uint8Array.of(WIF_VERSION), privateKey, Uint8Array.of(WIF_COMPRESSED)));

function decode(wif: string): Uint8Array | undefined {
  try {
    return base58check.decode(wif);
  } catch {
    return undefined; // the checksum does not fit: the library says so by throwing
  }
}
