import { type Address, hash160Bytes } from '../../chain/types.ts';

/** What the contract's storage holds, by the kind of entry (contract/doc.go has the values). */
export type StorageEntry =
  | { entry: 'owner' | 'update' | 'lastEscrow' | 'lastProvider' }
  | { entry: 'provider' | 'operator' | 'registrations' | 'balance'; account: Address }
  | { entry: 'providerNumber' | 'escrow'; id: bigint }
  | { entry: 'counters'; account: Address; id: bigint };

const prefixes: Record<StorageEntry['entry'], string> = {
  ...{ owner: 'O', update: 'U', lastEscrow: 'L', lastProvider: 'N' },
  ...{ provider: 'p', operator: 'o', registrations: 'r', balance: 'b' },
  ...{ providerNumber: 'n', escrow: 'e', counters: 'c' },
};

/** The key of an entry, as an auditor asks a node for it (`getstorage`, `getstate`). */
export function storageKey(wanted: StorageEntry): Buffer {
  return Buffer.concat([
    Buffer.from(prefixes[wanted.entry], 'ascii'),
    'account' in wanted ? hash160Bytes(wanted.account) : Buffer.alloc(0),
    'id' in wanted ? integerBytes(wanted.id) : Buffer.alloc(0),
  ]);
}

/** A positive integer as the VM writes it: little endian, the shortest form that keeps its sign. */
function integerBytes(value: bigint): Buffer {
  const hex = value.toString(16);
  const bytes = Buffer.from(hex.padStart(hex.length + (hex.length % 2), '0'), 'hex').reverse();
  return (bytes.at(-1) ?? 0) > 0x7f ? Buffer.concat([bytes, Buffer.alloc(1)]) : bytes;
}
