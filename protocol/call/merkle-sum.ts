import { sha256 } from '@noble/hashes/sha2.js';
import { concatBytes, utf8ToBytes } from '@noble/hashes/utils.js';
import { bigEndian8 } from '../types/bytes.ts';

/** A node of the tree: what it commits to, and the sum of the amounts below it. */
export type SumNode = { hash: Uint8Array; sum: bigint };
/** A sibling on the way from a leaf to the root. */
export type ProofStep = SumNode & { side: 'left' | 'right' };

/**
 * Leaves and inner nodes are hashed with a first byte of their own: neither can be passed off as the other (RFC 6962).
 */
const LEAF = Uint8Array.of(0);
const INNER = Uint8Array.of(1);

/** The leaf of a CDR: SHA-256(0x00 | canonical JSON), with its amount as the sum. */
export function leafOf(canonicalJson: string, amount: bigint): SumNode {
  return { hash: sha256(concatBytes(LEAF, utf8ToBytes(canonicalJson))), sum: amount };
}

/** Root of a Merkle-sum tree; a node without a partner moves up unchanged. */
export function merkleSumRoot(leaves: readonly SumNode[]): SumNode {
  const [root] = levels(leaves).at(-1) ?? [];
  if (!root) throw new RangeError('a tree needs at least one leaf');
  return root;
}

/** The siblings that lead from a leaf to the root, from the bottom up. */
export function merkleSumProof(leaves: readonly SumNode[], index: number): ProofStep[] {
  if (!(index in leaves)) throw new RangeError(`there is no leaf ${index}`);
  let position = index;
  return levels(leaves).flatMap((level): ProofStep[] => {
    const sibling = level[position ^ 1];
    const side = position % 2 === 0 ? 'right' : 'left';
    position >>= 1;
    return sibling ? [{ ...sibling, side }] : [];
  });
}

/** The root that a leaf and its siblings lead to. */
export function rootOfProof(leaf: SumNode, proof: readonly ProofStep[]): SumNode {
  return proof.reduce((node, step) => (step.side === 'left' ? innerNode(step, node) : innerNode(node, step)), leaf);
}

/** All levels, the leaves first, the root alone last. */
function levels(leaves: readonly SumNode[]): SumNode[][] {
  const all = [[...leaves]];
  for (let level = all[0] as SumNode[]; level.length > 1; ) {
    const above: SumNode[] = [];
    for (let i = 0; i < level.length; i += 2) {
      const [left, right] = [level[i] as SumNode, level[i + 1]];
      above.push(right ? innerNode(left, right) : left);
    }
    all.push(above);
    level = above;
  }
  return all;
}

function innerNode(left: SumNode, right: SumNode): SumNode {
  const hash = sha256(concatBytes(INNER, left.hash, bigEndian8(left.sum), right.hash, bigEndian8(right.sum)));
  return { hash, sum: left.sum + right.sum };
}
