import { webcrypto } from 'node:crypto';
import { expect, test } from 'vitest';
import { createAccount } from '../../chain/account.ts';
import { datoshi, type PublicKey, type ScriptHash } from '../../chain/types.ts';
import { isVoucherValid, signVoucher, voucherMessage } from './voucher.ts';

const scope = { network: 56753, contract: `0x${'01'.repeat(20)}` as ScriptHash, escrowId: 7n };
const total = datoshi(123_456n);

test("a voucher that a wallet's key signs, by node:crypto or by neon-js, is valid", () => {
  const account = createAccount();
  const byNodeCrypto = signVoucher(account.privateKey, scope, total);
  const byNeonJs = { total, signature: account.sign(voucherMessage(scope, total)) };
  for (const voucher of [byNodeCrypto, byNeonJs]) {
    expect(isVoucherValid(account.publicKey, scope, voucher)).toBe(true);
    expect(isVoucherValid(account.publicKey, { ...scope, escrowId: 8n }, voucher)).toBe(false);
    expect(isVoucherValid(account.publicKey, scope, { ...voucher, total: datoshi(total + 1n) })).toBe(false);
  }
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
