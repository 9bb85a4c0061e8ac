import { createPublicKey, type KeyObject, verify } from 'node:crypto';
import type { PublicKey } from '../../protocol/types/public-key.ts';
import { remember } from '../../protocol/types/remember.ts';

/** SubjectPublicKeyInfo of a compressed point on secp256r1 (RFC 5480), up to the point. */
const spki = Buffer.from('3039301306072a8648ce3d020106082a8648ce3d030107032200', 'hex');

/** Providers whose proxies ask before each call: that many keys are kept ready, half a KiB each. */
const keyOf = remember(1_000, readKey);

/**
 * What `protocol/sign/p256.ts` says of a signature, by OpenSSL: 15 times as fast, and a server checks one with each
 * request. Signatures with a high s are valid too.
 */
export function isSignatureValid(publicKey: PublicKey, message: Uint8Array, signature: Uint8Array): boolean {
  const key = keyOf(publicKey);
  return (
    signature.length === 64 && key !== null && verify('sha256', message, { key, dsaEncoding: 'ieee-p1363' }, signature)
  );
}

/** Null: 33 bytes that are no point of the curve. */
function readKey(publicKey: PublicKey): KeyObject | null {
  try {
    return createPublicKey({
      key: Buffer.concat([spki, Buffer.from(publicKey, 'hex')]),
      format: 'der',
      type: 'spki',
    });
  } catch {
    return null;
  }
}
