import { wallet } from '@cityofzion/neon-js';
import { z } from 'zod';

declare const brand: unique symbol;
type Brand<T, Name extends string> = T & { readonly [brand]: Name };

/** GAS in its smallest unit, 10^-8 GAS (NEP-28); a whole number, never a float. */
export type Datoshi = Brand<bigint, 'Datoshi'>;
/** Index of a block. */
export type Height = Brand<number, 'Height'>;
/** A contract's hash as explorers show it: `0x` and 40 lower-case hex digits, big endian. */
export type ScriptHash = Brand<string, 'ScriptHash'>;
/** An account: NEO N3 address, `N…`, 34 characters. */
export type Address = Brand<string, 'Address'>;
/** A transaction's hash as explorers show it: `0x` and 64 lower-case hex digits, big endian. */
export type TxHash = Brand<string, 'TxHash'>;
/** A block's hash, written like a transaction's. */
export type BlockHash = Brand<string, 'BlockHash'>;
/** A compressed secp256r1 public key: 66 lower-case hex digits. */
export type PublicKey = Brand<string, 'PublicKey'>;

export const datoshiPerGas = 100_000_000n;
/** The largest integer that the contract takes: 2^63 - 1, as a signed 64 bit column holds it. */
export const maxInteger = 2n ** 63n - 1n;

export const datoshi = (value: bigint): Datoshi => value as Datoshi;
export const height = (value: number): Height => value as Height;

const noAddress = 'expected a NEO N3 address (N…, 34 characters)';

/** A NEO N3 address (base58check, version 53). Its form comes first: decoding base58 takes time by the square of the length. */
export const addressSchema = z
  .string({ error: noAddress })
  .refine((text) => /^N[1-9A-HJ-NP-Za-km-z]{33}$/.test(text) && wallet.isAddress(text), noAddress)
  .transform((text) => text as Address);

export const scriptHashSchema = hexSchema<ScriptHash>(20, 'a contract hash (0x and 40 hex digits)');
export const txHashSchema = hexSchema<TxHash>(32, 'a transaction hash (0x and 64 hex digits)');

export const publicKeySchema = z
  .string({ error: 'expected a compressed public key (66 hex digits)' })
  .refine(
    (text) => /^0[23][0-9a-fA-F]{64}$/.test(text) && isCurvePoint(text),
    'expected a compressed secp256r1 public key (66 hex digits)',
  )
  .transform((text) => text.toLowerCase() as PublicKey);

/** A decimal string of datoshi, as JSON carries money. */
export const datoshiSchema = z
  .string({ error: 'expected datoshi as a decimal string, e.g. "150000"' })
  .regex(/^(0|[1-9]\d{0,18})$/, 'expected whole datoshi as a decimal string, without sign, fraction or leading zero')
  .transform((text) => datoshi(BigInt(text)))
  .refine((value) => value <= maxInteger, 'expected at most 9223372036854775807 datoshi');

function hexSchema<T>(bytes: number, what: string) {
  return z
    .string({ error: `expected ${what}` })
    .regex(new RegExp(`^0x[0-9a-fA-F]{${bytes * 2}}$`), `expected ${what}`)
    .transform((text) => text.toLowerCase() as T);
}

function isCurvePoint(publicKey: string): boolean {
  try {
    return wallet.getPublicKeyUnencoded(publicKey.toLowerCase()).length === 130;
  } catch {
    return false; // not on the curve: the library says so by throwing
  }
}

/**
 * "1.5" GAS -> datoshi.
 * @throws RangeError saying what is expected
 */
export function parseGas(text: string): Datoshi {
  const match = /^(\d{1,10})(?:\.(\d{1,8}))?$/.exec(text);
  if (!match) throw new RangeError(`'${text}' is no amount of GAS: expected digits with at most 8 decimals, e.g. 1.5`);
  return datoshi(BigInt(match[1] ?? '0') * datoshiPerGas + BigInt((match[2] ?? '').padEnd(8, '0')));
}

/** Datoshi -> "1.5", without trailing zeros. */
export function formatGas(value: bigint): string {
  const sign = value < 0n ? '-' : '';
  const digits = (value < 0n ? -value : value).toString().padStart(9, '0');
  const fraction = digits.slice(-8).replace(/0+$/, '');
  return `${sign}${digits.slice(0, -8)}${fraction && `.${fraction}`}`;
}

/** The 20 bytes of an account or contract as the VM stores them (little endian). */
export function hash160Bytes(of: Address | ScriptHash): Buffer {
  const hex = of.startsWith('0x') ? of.slice(2) : wallet.getScriptHashFromAddress(of);
  return Buffer.from(hex, 'hex').reverse();
}

/** The account of 20 bytes in the VM's order. */
export function addressOfBytes(bytes: Uint8Array): Address {
  return wallet.getAddressFromScriptHash(Buffer.from(bytes).reverse().toString('hex')) as Address;
}

/** The account that a public key signs for. */
export function addressOfPublicKey(publicKey: PublicKey): Address {
  return wallet.getAddressFromScriptHash(wallet.getScriptHashFromPublicKey(publicKey)) as Address;
}

/** The contract hash of 20 bytes in the VM's order. */
export function scriptHashOfBytes(bytes: Uint8Array): ScriptHash {
  return `0x${Buffer.from(bytes).reverse().toString('hex')}` as ScriptHash;
}
