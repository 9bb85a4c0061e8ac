import { InvalidArgumentError } from 'commander';
import type { z } from 'zod';
import { destinationParameter, minutesParameter } from '../protocol/api/tariffs.ts';
import { type Address, addressSchema } from '../protocol/types/address.ts';
import { type Datoshi, datoshiSchema, maxInteger, parseGas } from '../protocol/types/datoshi.ts';
import { scriptHashSchema, type TxHash, txHashSchema } from '../protocol/types/hash.ts';
import { type PublicKey, publicKeySchema } from '../protocol/types/public-key.ts';
import { uuidSchema } from '../protocol/types/uuid.ts';
import { networkNumber } from './config.ts';

/** Readers of arguments: what they refuse is a mistake in the usage, and their message says what is expected. */
const reads =
  <T>(schema: z.ZodType<T>) =>
  (text: string): T => {
    const parsed = schema.safeParse(text);
    if (parsed.success) return parsed.data;
    throw new InvalidArgumentError(parsed.error.issues[0]?.message ?? 'it is of another form');
  };

export const toAddress: (text: string) => Address = reads(addressSchema);
export const toTxHash: (text: string) => TxHash = reads(txHashSchema);
export const toPublicKey: (text: string) => PublicKey = reads(publicKeySchema);
export const toDatoshi: (text: string) => Datoshi = reads(datoshiSchema);
export const toUuid: (text: string) => string = reads(uuidSchema);

export function toVoucherSignature(text: string): string {
  if (/^[0-9a-f]{128}$/i.test(text)) return text;
  throw new InvalidArgumentError('expected 128 hex digits');
}

/** Only checked here: it goes on as text, as it would come from the environment. */
export function toContract(text: string): string {
  reads(scriptHashSchema)(text);
  return text;
}

export function toNetwork(text: string): string {
  const number = networkNumber(text);
  if (!/^[1-9]\d{0,9}$/.test(number)) throw new InvalidArgumentError('expected mainnet, testnet or a magic number');
  return number;
}

export function toUrl(text: string): string {
  if (/^https?:$/.test(URL.parse(text)?.protocol ?? '')) return text;
  throw new InvalidArgumentError('expected an http or https URL, e.g. http://127.0.0.1:10332');
}

/** Several, comma-separated, the preferred first. */
export function toUrls(text: string): string {
  for (const url of text.split(',')) toUrl(url.trim());
  return text;
}

/** "1.5" GAS, more than nothing. */
export function toGas(text: string): Datoshi {
  let amount: Datoshi;
  try {
    amount = parseGas(text);
  } catch {
    throw new InvalidArgumentError(
      'expected an amount of GAS: digits, and after a point at most 8 decimals, e.g. 1.5; without sign or comma',
    );
  }
  if (amount === 0n) throw new InvalidArgumentError('expected more than 0 GAS');
  if (amount > maxInteger) throw new InvalidArgumentError('expected at most 92233720368.54775807 GAS');
  return amount;
}

export function toId(text: string): bigint {
  if (!/^[1-9]\d{0,15}$/.test(text)) throw new InvalidArgumentError('expected a whole number, 1 or more');
  return BigInt(text);
}

export const toCount =
  (what: string, min: number, max: number) =>
  (text: string): number => {
    const count = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
    if (count >= min && count <= max) return count;
    throw new InvalidArgumentError(`expected ${what}: a whole number from ${min} to ${max}`);
  };

const unitMs: Record<string, number> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** `90s`, `30m`, `1h`, `1h30m`, `2d` -> milliseconds */
export function toDuration(text: string): number {
  if (!/^(\d{1,6}[smhd])+$/.test(text))
    throw new InvalidArgumentError('expected a duration of days, hours, minutes and seconds, e.g. 2d, 1h30m or 90s');
  return [...text.matchAll(/(\d+)([smhd])/g)].reduce(
    (sum, [, n, unit]) => sum + Number(n) * (unitMs[unit ?? ''] ?? 0),
    0,
  );
}

export function toHash32(text: string): Buffer {
  if (/^(0x)?[0-9a-fA-F]{64}$/.test(text)) return Buffer.from(text.replace(/^0x/, ''), 'hex');
  throw new InvalidArgumentError('expected a SHA-256 hash (64 hex digits)');
}

/** A DNS name or host; the contract counts its bytes. */
export function toLocation(text: string): string {
  if (Buffer.byteLength(text) <= 253 && /^[\w.:[\]-]+$/.test(text)) return text;
  throw new InvalidArgumentError(
    'expected a host or DNS SRV name of 1 to 253 letters, digits, dots and dashes, e.g. sip.example.com',
  );
}

export function toUri(text: string): string {
  if (URL.canParse(text) && Buffer.byteLength(text) <= 512) return text;
  throw new InvalidArgumentError('expected an URI of at most 512 bytes, e.g. https://example.com/tariff.json');
}

export const toDestination: (text: string) => string = reads(destinationParameter);

/** Only checked here: it goes on as text. */
export function toMinutes(text: string): string {
  reads(minutesParameter)(text);
  return text;
}
