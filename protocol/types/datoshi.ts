import { z } from 'zod';
import type { Brand } from './brand.ts';

/** GAS in its smallest unit, 10^-8 GAS (NEP-28); a whole number, never a float. */
export type Datoshi = Brand<bigint, 'Datoshi'>;

export const datoshi = (value: bigint): Datoshi => value as Datoshi;

export const datoshiPerGas = 100_000_000n;
/** The largest integer that the contract takes: 2^63 - 1, as a signed 64 bit column holds it. */
export const maxInteger = 2n ** 63n - 1n;

/** A decimal string of datoshi, as JSON carries money. */
export const datoshiSchema = z
  .string({ error: 'expected datoshi as a decimal string, e.g. "150000"' })
  .regex(/^(0|[1-9]\d{0,18})$/, 'expected whole datoshi as a decimal string, without sign, fraction or leading zero')
  .transform((text) => datoshi(BigInt(text)))
  .refine((value) => value <= maxInteger, 'expected at most 9223372036854775807 datoshi');

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
