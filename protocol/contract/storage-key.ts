import { concatBytes, utf8ToBytes } from '@noble/hashes/utils.js';
import { type Address, hash160Bytes } from '../types/address.ts';
import { bytesOfHex } from '../types/bytes.ts';

/** What the contract's storage holds, by the kind of entry (contract/doc.go has the values). */
export type StorageEntry =
  | { entry: 'owner' | 'update' | 'lastEscrow' | 'lastProvider' }
  | { entry: 'provider' | 'operator' | 'registrations' | 'balance'; account: Address }
  | { entry: 'providerNumber' | 'escrow'; id: bigint }
  | { entry: 'counters'; account: Address; id: bigint };

const prefixes: Record<StorageEntry['entry'], string> = {
  owner: 'O',
  update: 'U',
  lastEscrow: 'L',
  lastProvider: 'N',
  provider: 'p',
  operator: 'o',
  registrations: 'r',
  balance: 'b',
  providerNumber: 'n',
  escrow: 'e',
  counters: 'c',
};

/** The key of an entry, as an auditor asks a node for it (`getstorage`, `getstate`). */
export function storageKey(wanted: StorageEntry): Uint8Array {
  return concatBytes(
    utf8ToBytes(prefixes[wanted.entry]),
    'account' in wanted ? hash160Bytes(wanted.account) : new Uint8Array(),
    'id' in wanted ? integerBytes(wanted.id) : new Uint8Array(),
  );
}

/** A positive integer as the VM writes it: little endian, the shortest form that keeps its sign. */
function integerBytes(value: bigint): Uint8Array {
  const hex = value.toString(16);
  const bytes = bytesOfHex(hex.padStart(hex.length + (hex.length % 2), '0')).reverse();
  return (bytes.at(-1) ?? 0) > 0x7f ? concatBytes(bytes, Uint8Array.of(0)) : bytes;
}
