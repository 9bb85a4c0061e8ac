import { expect, test } from 'vitest';
import { createWebCryptoKey } from '../../test/browser/page/webcrypto-key.ts';
import { datoshi } from '../types/datoshi.ts';
import type { ScriptHash } from '../types/hash.ts';
import { createKey } from './key.ts';
import { isVoucherValid, signVoucher } from './voucher.ts';

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
  const key = await createWebCryptoKey();
  const voucher = await signVoucher(key, scope, total);
  expect(isVoucherValid(key.publicKey, scope, voucher)).toBe(true);
});
