import { sha256 } from '@noble/hashes/sha2.js';
import { bytesOfBase64, hexOf } from '../protocol/types/bytes.ts';
import type { BlockHash } from '../protocol/types/hash.ts';

export type RawHeader = { index: number; hash: BlockHash; previousblockhash: BlockHash; time: number };

/** What the hash covers: version, previous hash, Merkle root, time, nonce, index, primary and next consensus. */
const HASHED_BYTES = 109;
const [PREVIOUS_AT, MERKLE_AT, TIME_AT, INDEX_AT] = [4, 36, 68, 84] as const;

/**
 * A block's header in the form in which the network sends it (base64). Its hash is computed here, so that no field can
 * be another one than the hash says. Null where the bytes are no header: one witness follows what is hashed.
 */
export function readHeader(base64: string): RawHeader | null {
  let bytes: Uint8Array;
  try {
    bytes = bytesOfBase64(base64);
  } catch {
    return null; // no base64
  }
  if (bytes.length <= HASHED_BYTES || bytes[HASHED_BYTES] !== 1) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  return {
    index: view.getUint32(INDEX_AT, true),
    hash: hashOf(sha256(bytes.subarray(0, HASHED_BYTES))),
    previousblockhash: hashOf(bytes.slice(PREVIOUS_AT, MERKLE_AT)),
    time: Number(view.getBigUint64(TIME_AT, true)),
  };
}

/** Explorers show hashes big endian. */
const hashOf = (bytes: Uint8Array): BlockHash => hexOf(bytes.reverse()) as string as BlockHash;
