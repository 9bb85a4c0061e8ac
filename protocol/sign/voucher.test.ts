import { webcrypto } from 'node:crypto';
import { expect, test } from 'vitest';
import { datoshi } from '../types/datoshi.ts';
import type { ScriptHash } from '../types/hash.ts';
import type { PublicKey } from '../types/public-key.ts';
import { createKey } from './key.ts';
import { isVoucherValid, signVoucher, voucherMessage } from './voucher.ts';

const scope = { network: 56753, contract: `0x${'01'.repeat(20)}` as ScriptHash, escrowId: 7n };
const total = datoshi(123_456n);

test("a voucher that a wallet's key signs is valid for its escrow and total alone", async () => {
  const key = createKey();
  const voucher = await signVoucher(key, scope, total);
  expect(isVoucherValid(key.publicKey, scope, voucher)).toBe(true);
  expect(isVoucherValid(key.publicKey, { ...scope, escrowId: 8n }, voucher)).toBe(false);
  expect(isVoucherValid(key.publicKey, scope, { ...voucher, total: datoshi(total + 1n) })).toBe(false);
  expect(isVoucherValid(createKey().publicKey, scope, voucher)).toBe(false);
});

test("a voucher that a softphone's ephemeral WebCrypto key signs is valid", async () => {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256' };
  const { privateKey, publicKey } = await webcrypto.subtle.generateKey(algorithm, false, ['sign', 'verify']);
  const point = Buffer.from(await webcrypto.subtle.exportKey('raw', publicKey));
  const compressed = Buffer.concat([Buffer.from([(point.at(-1) ?? 0) % 2 === 0 ? 2 : 3]), point.subarray(1, 33)]);
  const message = new Uint8Array(voucherMessage(scope, total));
  const signature = Buffer.from(await webcrypto.subtle.sign({ name: 'ECDSA', hash: 'SHA-256' }, privateKey, message));
  expect(isVoucherValid(compressed.toString('hex') as PublicKey, scope, { total, signature })).toBe(true);
});
