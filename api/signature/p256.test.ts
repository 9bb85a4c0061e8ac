import { p256 } from '@noble/curves/nist.js';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  createPrivateKey,
  isSignatureValid as isValidByNoble,
  publicKeyOf,
  signMessage,
} from '../../protocol/sign/p256.ts';
import type { PublicKey } from '../../protocol/types/public-key.ts';
import { checkSignature, isSignatureValid } from './p256.ts';

const n = p256.Point.Fn.ORDER;

/** The other signature of the same message: r | n - s. */
function withOtherS(signature: Uint8Array): Uint8Array {
  const s = BigInt(`0x${Buffer.from(signature.subarray(32)).toString('hex')}`);
  return Buffer.concat([signature.subarray(0, 32), Buffer.from((n - s).toString(16).padStart(64, '0'), 'hex')]);
}

test('OpenSSL and noble agree on every signature', async () => {
  const change = fc.option(fc.record({ at: fc.nat(63), by: fc.integer({ min: 1, max: 255 }) }));
  await fc.assert(
    fc.asyncProperty(fc.uint8Array(), fc.boolean(), change, async (message, isOther, changed) => {
      const privateKey = createPrivateKey();
      const signed = signMessage(privateKey, message);
      const signature = Uint8Array.from(isOther ? withOtherS(signed) : signed);
      if (changed) signature[changed.at] = (signature[changed.at] as number) ^ changed.by;
      const publicKey = publicKeyOf(privateKey);
      const verdict = isSignatureValid(publicKey, message, signature);
      expect(verdict).toBe(isValidByNoble(publicKey, message, signature));
      expect(verdict).toBe(!changed);
      expect(await checkSignature(publicKey, message, signature)).toBe(verdict);
    }),
    { numRuns: 100 },
  );
});

test('what is no point, no signature or out of range is not valid', async () => {
  const publicKey = publicKeyOf(createPrivateKey());
  const noPoint = `02${'ff'.repeat(32)}` as PublicKey;
  const given: [PublicKey, Uint8Array][] = [
    [noPoint, new Uint8Array(64)],
    [publicKey, new Uint8Array()],
    [publicKey, new Uint8Array(63)],
    [publicKey, new Uint8Array(64)],
    [publicKey, new Uint8Array(64).fill(255)],
    [publicKey, new Uint8Array(65)],
  ];
  for (const [key, bytes] of given) {
    expect(isSignatureValid(key, new Uint8Array(), bytes)).toBe(false);
    expect(await checkSignature(key, new Uint8Array(), bytes)).toBe(false);
  }
});
