import { readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bytesToHex } from '@noble/hashes/utils.js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openWalletFile, writeWalletFile } from '../chain/wallet-file.ts';
import { type Reproducible, reproduce, reproduced } from '../test/browser/page/reproduce.ts';
import type { Vectors } from '../test/browser/page/vectors.ts';
import { keyOf } from './sign/key.ts';
import { bytesOfHex } from './types/bytes.ts';

/** Written by the contract's Go tests: both sides must come to the same bytes and the same money. */
const vectors: Vectors = JSON.parse(
  readFileSync(join(import.meta.dirname, '..', 'contract', 'testdata', 'vectors.json'), 'utf8'),
);

test.each(Object.keys(reproduced) as Reproducible[])('%s', async (kind) => {
  expect(vectors[kind].length).toBeGreaterThan(0);
  expect(await reproduce(kind, vectors)).toEqual(vectors[kind]);
});

test('both halves of s are among the transactions', () => {
  expect(new Set(vectors.transactions.map(({ highS }) => highS))).toEqual(new Set([true, false]));
});

describe('NEP-2', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'krypton-nep2-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  test.each(vectors.nep2.map((vector, index) => ({ index, ...vector })))(
    'a key that neo-go encrypted with $password is opened',
    async ({ index, privateKey, password, scrypt, encrypted }) => {
      const path = join(folder, `${index}.json`);
      const { address } = keyOf(bytesOfHex(privateKey));
      await writeFile(path, JSON.stringify({ version: '1.0', scrypt, accounts: [{ address, key: encrypted }] }));
      expect(bytesToHex((await openWalletFile(path, password)).privateKey)).toBe(privateKey);
    },
  );

  test('a key is encrypted to the bytes that neo-go comes to', async () => {
    const [vector] = vectors.nep2;
    if (!vector) throw new Error('there is no vector');
    const path = join(folder, 'written.json');
    await writeWalletFile(path, vector.password, keyOf(bytesOfHex(vector.privateKey)), 'vector');
    const file = JSON.parse(await readFile(path, 'utf8'));
    expect(file.scrypt).toEqual(vector.scrypt);
    expect(file.accounts[0].key).toBe(vector.encrypted);
  });
});
