import { z } from 'zod';
import type { Brand } from './brand.ts';
import { hexOf } from './bytes.ts';

/** A contract's hash as explorers show it: `0x` and 40 lower-case hex digits, big endian. */
export type ScriptHash = Brand<string, 'ScriptHash'>;
/** A transaction's hash as explorers show it: `0x` and 64 lower-case hex digits, big endian. */
export type TxHash = Brand<string, 'TxHash'>;
/** A block's hash, written like a transaction's. */
export type BlockHash = Brand<string, 'BlockHash'>;

export const scriptHashSchema = hexSchema<ScriptHash>(20, 'a contract hash (0x and 40 hex digits)');
export const txHashSchema = hexSchema<TxHash>(32, 'a transaction hash (0x and 64 hex digits)');

function hexSchema<T>(bytes: number, what: string) {
  return z
    .string({ error: `expected ${what}` })
    .regex(new RegExp(`^0x[0-9a-fA-F]{${bytes * 2}}$`), `expected ${what}`)
    .transform((text) => text.toLowerCase() as T);
}

/** The contract hash of 20 bytes in the VM's order (little endian). */
export const scriptHashOfBytes = (bytes: Uint8Array): ScriptHash => hexOf(bytes.toReversed()) as string as ScriptHash;
