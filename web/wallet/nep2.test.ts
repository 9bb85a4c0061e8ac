import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { wallet } from '@cityofzion/neon-js';
import { bytesToHex } from '@noble/hashes/utils.js';
import { expect, test } from 'vitest';
import { createKey } from '../../protocol/sign/key.ts';
import { bytesOfHex } from '../../protocol/types/bytes.ts';
import type { Vectors } from '../../test/browser/page/vectors.ts';
import { decryptKey, encryptKey, isUsable, isWholeNep2, nep2Cost } from './nep2.ts';

const path = join(import.meta.dirname, '../../contract/testdata/vectors.json');
const { nep2 }: Vectors = JSON.parse(readFileSync(path, 'utf8'));
const cheap = { n: 2, r: 1, p: 1 };

test('comes to the golden keys, in both directions', () => {
  expect(nep2.length).toBeGreaterThan(0);
  for (const { privateKey, password, scrypt, encrypted } of nep2) {
    expect(encryptKey(bytesOfHex(privateKey), password, scrypt)).toBe(encrypted);
    expect(decryptKey(encrypted, password, scrypt)).toEqual(bytesOfHex(privateKey));
  }
});

test('opens what another library wrote, and it opens ours', async () => {
  const { privateKey } = createKey();
  const theirs = await wallet.encrypt(bytesToHex(privateKey), 'é', cheap);
  expect(decryptKey(theirs, 'e\u0301', cheap)).toEqual(privateKey); // the same letter, written as two signs
  const ours = encryptKey(privateKey, 'é', cheap);
  expect(wallet.getPrivateKeyFromWIF(await wallet.decrypt(ours, 'é', cheap))).toBe(bytesToHex(privateKey));
});

test('a wrong password opens nothing', () => {
  const encrypted = encryptKey(createKey().privateKey, 'right', cheap);
  for (const password of ['', 'Right', 'right ', 'wrong']) expect(decryptKey(encrypted, password, cheap)).toBeNull();
  expect(decryptKey(encrypted, 'right')).toBeNull(); // other numbers, another key
});

test('a slip in any character is told without any password', () => {
  const encrypted = encryptKey(createKey().privateKey, 'x', cheap);
  expect(isWholeNep2(encrypted)).toBe(true);
  for (let at = 0; at < encrypted.length; at += 1) {
    const other = encrypted[at] === '2' ? '3' : '2';
    expect(isWholeNep2(encrypted.slice(0, at) + other + encrypted.slice(at + 1))).toBe(false);
  }
  for (const text of ['', '6P', encrypted.slice(1), `${encrypted}1`, ` ${encrypted}`])
    expect(isWholeNep2(text)).toBe(false);
});

test('numbers for scrypt that would take the memory of the page are refused', () => {
  expect([nep2Cost, cheap].every(isUsable)).toBe(true);
  for (const cost of [
    { n: 3, r: 1, p: 1 },
    { n: 0, r: 0, p: 0 },
    { n: 2 ** 30, r: 8, p: 8 },
    { ...cheap, p: 65 },
  ])
    expect(isUsable(cost)).toBe(false);
});
