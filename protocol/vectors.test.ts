import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { bytesToHex } from '@noble/hashes/utils.js';
import { describe, expect, test } from 'vitest';
import { leafOf, merkleSumProof, merkleSumRoot, rootOfProof } from './call/merkle-sum.ts';
import { priceOf } from './call/price.ts';
import { type StorageEntry, storageKey } from './contract/storage-key.ts';
import { isVoucherValid, voucherMessage } from './sign/voucher.ts';
import { addressOfBytes, hash160Bytes } from './types/address.ts';
import { datoshi } from './types/datoshi.ts';
import { scriptHashOfBytes } from './types/hash.ts';
import type { PublicKey } from './types/public-key.ts';

/** Written by the contract's Go tests: both sides must come to the same bytes and the same money. */
const vectors = JSON.parse(
  readFileSync(join(import.meta.dirname, '..', 'contract', 'testdata', 'vectors.json'), 'utf8'),
);

type VoucherVector = {
  network: number;
  contract: string;
  escrowId: number;
  total: string;
  message: string;
  publicKey: PublicKey;
  signature: string;
  valid: boolean;
  why: string;
};
type PriceVector = {
  answeredMs: number | null;
  ratePerSecond: string;
  feePerCall: string;
  initialIncrement: number;
  increment: number;
  seconds: number;
  price: string;
};
type Step = { side: 'left' | 'right'; hash: string; sum: string };
type TreeVector = {
  leaves: { json: string; amount: string; hash: string }[];
  root: string;
  sum: string;
  proofs: { index: number; steps: Step[] }[];
};

describe('vouchers', () => {
  test.each(vectors.vouchers as VoucherVector[])('$why', (vector) => {
    const contract = scriptHashOfBytes(Buffer.from(vector.contract, 'hex'));
    expect(bytesToHex(hash160Bytes(contract))).toBe(vector.contract);
    const scope = { network: vector.network, contract, escrowId: BigInt(vector.escrowId) };
    const total = datoshi(BigInt(vector.total));
    expect(bytesToHex(voucherMessage(scope, total))).toBe(vector.message);
    const voucher = { total, signature: Buffer.from(vector.signature, 'hex') };
    expect(isVoucherValid(vector.publicKey, scope, voucher)).toBe(vector.valid);
  });
});

test.each(vectors.prices as PriceVector[])(
  '$answeredMs ms in increments $initialIncrement/$increment cost $price',
  (vector) => {
    const terms = {
      ratePerSecond: datoshi(BigInt(vector.ratePerSecond)),
      feePerCall: datoshi(BigInt(vector.feePerCall)),
      initialIncrement: vector.initialIncrement,
      increment: vector.increment,
    };
    expect(priceOf(vector.answeredMs, terms)).toEqual({ seconds: BigInt(vector.seconds), price: BigInt(vector.price) });
  },
);

describe('Merkle-sum trees', () => {
  test.each((vectors.merkleSumTrees as TreeVector[]).map((tree) => [tree.leaves.length, tree] as const))(
    'of %i leaves',
    (_count, tree) => {
      const leaves = tree.leaves.map(({ json, amount }) => leafOf(json, BigInt(amount)));
      expect(leaves.map(({ hash }) => bytesToHex(hash))).toEqual(tree.leaves.map(({ hash }) => hash));
      const root = merkleSumRoot(leaves);
      expect([bytesToHex(root.hash), root.sum.toString()]).toEqual([tree.root, tree.sum]);
      for (const { index, steps } of tree.proofs) {
        const proof = merkleSumProof(leaves, index);
        expect(proof.map(({ side, hash, sum }) => ({ side, hash: bytesToHex(hash), sum: sum.toString() }))).toEqual(
          steps,
        );
        expect(rootOfProof(leaves[index] as never, proof)).toEqual(root);
      }
    },
  );
});

test.each(vectors.storageKeys as { entry: string; hash?: string; id?: string; key: string }[])(
  'the key of $entry $hash $id is $key',
  (vector) => {
    const { entry, hash, id, key } = vector;
    const account = hash && { account: addressOfBytes(Buffer.from(hash, 'hex')) };
    expect(bytesToHex(storageKey({ entry, ...account, ...(id && { id: BigInt(id) }) } as StorageEntry))).toBe(key);
  },
);
