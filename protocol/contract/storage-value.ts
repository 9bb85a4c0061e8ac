import { bytesToHex } from '@noble/hashes/utils.js';
import { type Address, addressOfBytes } from '../types/address.ts';
import { type Hex, hexOf } from '../types/bytes.ts';
import type { PublicKey } from '../types/public-key.ts';
import { deserialize, type Serialized, signedOf, unsignedOf } from './serialized.ts';
import { textOfBytes } from './stack-item.ts';

/** What the values in the contract's storage say; contract/doc.go and contract/terms.go lay them out. */

const ACCOUNT = 20;

export type StoredProvider = {
  number: bigint;
  location: string;
  tariffUri: string | null;
  tariffHash: Hex | null;
  deployedAt: bigint;
};

const NUMBER = 4;
const NUMBER_MARK = 1n << 30n;

export function providerOfBytes(bytes: Uint8Array): StoredProvider {
  const record = deserialize(bytes.subarray(NUMBER));
  if (!Array.isArray(record) || record.length !== 4) throw new RangeError('a provider has four fields');
  const [location, uri, hash, deployedAt] = record as [Serialized, Serialized, Serialized, Serialized];
  if (typeof deployedAt !== 'bigint') throw new RangeError('a provider was deployed at some time');
  return {
    number: unsignedOf(bytes.subarray(0, NUMBER)) - NUMBER_MARK,
    location: textOfBytes(bytesOf(location)),
    tariffUri: uri === null ? null : textOfBytes(bytesOf(uri)),
    tariffHash: hash === null ? null : hexOf(bytesOf(hash)),
    deployedAt,
  };
}

function bytesOf(value: Serialized): Uint8Array {
  if (value instanceof Uint8Array) return value;
  throw new RangeError('expected bytes');
}

export type StoredRegistration = { provider: Address; uuid: string; registeredAt: bigint };

const [UUID_AT, STAMP_AT, REGISTRATION] = [20, 56, 63];
const STAMP_MARK = 1n << 48n;

/** A user's registrations, the newest first. */
export function registrationsOfBytes(bytes: Uint8Array): StoredRegistration[] {
  if (bytes.length % REGISTRATION !== 0) throw new RangeError('registrations have 63 bytes each');
  return Array.from({ length: bytes.length / REGISTRATION }, (_, i) => {
    const entry = bytes.subarray(i * REGISTRATION, (i + 1) * REGISTRATION);
    return {
      provider: addressOfBytes(entry.subarray(0, UUID_AT)),
      uuid: textOfBytes(entry.subarray(UUID_AT, STAMP_AT)),
      registeredAt: unsignedOf(entry.subarray(STAMP_AT)) - STAMP_MARK,
    };
  });
}

export const balanceOfBytes = (bytes: Uint8Array): bigint => signedOf(bytes);

export type StoredTerms = {
  user: Address;
  /** Providers are numbered in the order in which they were deployed. */
  providerNumber: bigint;
  amount: bigint;
  ratePerSecond: bigint;
  feePerCall: bigint;
  increment: bigint;
  maxParallel: bigint;
  openedAt: bigint;
  endsAt: bigint;
  claimWindowMs: bigint;
  voucherKey: PublicKey | null;
  isClosing: boolean;
};

const FRAME = 22;
const VOUCHER_KEY = 33;

export function termsOfBytes(bytes: Uint8Array): StoredTerms {
  const frame = createBitReader(unsignedOf(bytes.subarray(ACCOUNT, ACCOUNT + FRAME)));
  const [openedAt, endsAt, claimWindowMs] = [frame(42n), frame(42n), frame(30n)];
  const [increment, maxParallel, hasVoucher, isClosing] = [frame(12n), frame(7n), frame(1n), frame(1n)];
  const [amountBytes, rateBytes, providerNumber] = [frame(4n), frame(4n), frame(30n)];
  const pricesAt = ACCOUNT + FRAME + (hasVoucher ? VOUCHER_KEY : 0);
  const prices = createBitReader(unsignedOf(bytes.subarray(pricesAt)));
  return {
    user: addressOfBytes(bytes.subarray(0, ACCOUNT)),
    providerNumber,
    amount: prices(amountBytes * 8n),
    ratePerSecond: prices(rateBytes * 8n),
    feePerCall: prices(64n),
    increment,
    maxParallel,
    openedAt,
    endsAt,
    claimWindowMs,
    voucherKey: hasVoucher
      ? (bytesToHex(bytes.subarray(ACCOUNT + FRAME, ACCOUNT + FRAME + VOUCHER_KEY)) as PublicKey)
      : null,
    isClosing: isClosing === 1n,
  };
}

export type StoredCounters = { spent: bigint; calls: bigint; seq: bigint; seconds: bigint };

export function countersOfBytes(bytes: Uint8Array): StoredCounters {
  const counters = createBitReader(signedOf(bytes));
  const [spent, calls, seq, seconds] = [counters(63n), counters(40n), counters(40n), counters(113n)];
  return { spent, calls, seq, seconds };
}

/** Takes numbers of so many bits from an integer, the lowest first. */
function createBitReader(packed: bigint): (bits: bigint) => bigint {
  let rest = packed;
  return (bits) => {
    const value = rest & ((1n << bits) - 1n);
    rest >>= bits;
    return value;
  };
}
