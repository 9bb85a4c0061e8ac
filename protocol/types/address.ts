import { ripemd160 } from '@noble/hashes/legacy.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { concatBytes } from '@noble/hashes/utils.js';
import { createBase58check } from '@scure/base';
import { z } from 'zod';
import type { Brand } from './brand.ts';
import { bytesOfHex } from './bytes.ts';
import type { ScriptHash } from './hash.ts';
import type { PublicKey } from './public-key.ts';
import { remember } from './remember.ts';
import { signatureScript } from './verification-script.ts';

/** An account: NEO N3 address, `N…`, 34 characters. */
export type Address = Brand<string, 'Address'>;

const base58check = createBase58check(sha256);
/** The version byte of NEO N3 addresses: it makes them begin with N. */
const ADDRESS_VERSION = 53;

const noAddress = 'expected a NEO N3 address (N…, 34 characters)';

const addressForm = /^N[1-9A-HJ-NP-Za-km-z]{33}$/;

/**
 * The form comes first: decoding base58 takes time by the square of the length. The same few accounts stand in most
 * requests, and the two hashes of a checksum cost more than all else in reading one.
 */
export const isAddress = (text: string): boolean => addressForm.test(text) && isChecked(text);

const isChecked = remember(10_000, (text: string): boolean => {
  try {
    const bytes = base58check.decode(text);
    return bytes.length === 21 && bytes[0] === ADDRESS_VERSION;
  } catch {
    return false; // the checksum does not fit: the library says so by throwing
  }
});

/** A NEO N3 address. */
export const addressSchema = z
  .string({ error: noAddress })
  .refine(isAddress, noAddress)
  .transform((text) => text as Address);

/** The 20 bytes of an account or contract as the VM stores them (little endian). */
export function hash160Bytes(of: Address | ScriptHash): Uint8Array {
  return of.startsWith('0x') ? bytesOfHex(of).reverse() : base58check.decode(of).slice(1);
}

/** The account of 20 bytes in the VM's order. */
export function addressOfBytes(bytes: Uint8Array): Address {
  if (bytes.length !== 20) throw new RangeError(`an account has 20 bytes, not ${bytes.length}`);
  return base58check.encode(concatBytes(Uint8Array.of(ADDRESS_VERSION), bytes)) as Address;
}

/** The account whose witness is checked by this script. */
export const addressOfScript = (verificationScript: Uint8Array): Address =>
  addressOfBytes(ripemd160(sha256(verificationScript)));

/** The account that a public key signs for. */
export const addressOfPublicKey = remember(1_000, (publicKey: PublicKey) =>
  addressOfScript(signatureScript(publicKey)),
);
