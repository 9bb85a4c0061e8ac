import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, concatBytes } from '@noble/hashes/utils.js';
import { createByteReader } from '../protocol/contract/serialized.ts';
import { bytesOfHex } from '../protocol/types/bytes.ts';

/**
 * Proofs of what a contract's storage holds: the nodes of the state trie (a Merkle Patricia trie) from the root, whose
 * hash a block's state root is, down to the value.
 */
const [BRANCH, EXTENSION, LEAF, HASH, EMPTY] = [0, 1, 2, 3, 4];
const CHILDREN = 17;
const HASH_LENGTH = 32;
/** A key has 64 bytes at most and an id of four, and so not more nibbles. */
const MAX_STEPS = 200;

/** The storage key under which the trie keeps it: the contract's number, then its own key. */
export function trieKey(contractId: number, key: Uint8Array): Uint8Array {
  const id = new Uint8Array(4);
  new DataView(id.buffer).setInt32(0, contractId, true);
  return concatBytes(id, key);
}

/**
 * The value that a proof shows under a key. `root` is the state root as nodes tell it (0x, big endian).
 * @throws RangeError where it does not show one
 */
export function provenValue(proof: Uint8Array, root: string, key: Uint8Array): Uint8Array {
  const reader = createByteReader(proof);
  if (bytesToHex(reader.take(reader.length())) !== bytesToHex(key)) throw new RangeError('a proof of another key');
  const nodes = new Map<string, Uint8Array>();
  for (let left = reader.length(); left > 0; left -= 1) {
    const node = reader.take(reader.length());
    nodes.set(bytesToHex(sha256(sha256(node))), node);
  }
  let hash = bytesToHex(bytesOfHex(root).reverse());
  let path = nibblesOf(key);
  for (let step = 0; step < MAX_STEPS; step += 1) {
    const node = nodes.get(hash);
    if (!node) throw new RangeError('a node of the trie is missing');
    const next = descend(node, path);
    if ('value' in next) return next.value;
    [hash, path] = [next.hash, next.path];
  }
  throw new RangeError('the path is too long');
}

type Step = { value: Uint8Array } | { hash: string; path: number[] };

function descend(node: Uint8Array, path: number[]): Step {
  const reader = createByteReader(node);
  const type = reader.byte();
  if (type === LEAF && path.length === 0) return { value: reader.take(reader.length()) };
  if (type === EXTENSION) {
    const prefix = [...reader.take(reader.length())];
    if (prefix.some((nibble, i) => path[i] !== nibble)) throw new RangeError('the path leads elsewhere');
    return { hash: childOf(reader), path: path.slice(prefix.length) };
  }
  if (type !== BRANCH) throw new RangeError('the path ends too soon');
  const place = path[0] ?? CHILDREN - 1;
  for (let i = 0; i < place; i += 1) skipChild(reader);
  return { hash: childOf(reader), path: path.slice(1) };
}

function childOf(reader: ReturnType<typeof createByteReader>): string {
  if (reader.byte() !== HASH) throw new RangeError('there is nothing under this key');
  return bytesToHex(reader.take(HASH_LENGTH));
}

function skipChild(reader: ReturnType<typeof createByteReader>): void {
  const type = reader.byte();
  if (type === HASH) reader.take(HASH_LENGTH);
  else if (type !== EMPTY) throw new RangeError('a branch holds what it can not');
}

const nibblesOf = (bytes: Uint8Array): number[] => [...bytes].flatMap((byte) => [byte >> 4, byte & 15]);
