import { createPublicKey, type KeyObject, verify } from 'node:crypto';
import type { PublicKey } from '../../protocol/types/public-key.ts';
import { remember } from '../../protocol/types/remember.ts';

/** SubjectPublicKeyInfo of a compressed point on secp256r1 (RFC 5480), up to the point. */
const spki = Buffer.from('3039301306072a8648ce3d020106082a8648ce3d030107032200', 'hex');

/** Providers whose proxies ask before each call: that many keys are kept ready, half a KiB each. */
const keyOf = remember(1_000, readKey);

/**
 * What `protocol/sign/p256.ts` says of a signature, by OpenSSL: 20 times as fast, and a server checks one with each
 * request. Signatures with a high s are valid too. OpenSSL's own form of a signature and a bare key spare Node.js a
 * third of the time.
 */
export function isSignatureValid(publicKey: PublicKey, message: Uint8Array, signature: Uint8Array): boolean {
  const key = keyOf(publicKey);
  return signature.length === 64 && key !== null && verify('sha256', message, key, derOf(signature));
}

/**
 * The same on another processor: it is a third of what a signed request costs, and the thread that answers all of them
 * has something else to do meanwhile.
 */
export function checkSignature(publicKey: PublicKey, message: Uint8Array, signature: Uint8Array): Promise<boolean> {
  const key = keyOf(publicKey);
  if (signature.length !== 64 || key === null) return Promise.resolve(false);
  return new Promise((resolve, reject) =>
    verify('sha256', message, key, derOf(signature), (error, isValid) => (error ? reject(error) : resolve(isValid))),
  );
}

/** Whether it is a point of the curve. */
export const isKey = (publicKey: PublicKey): boolean => keyOf(publicKey) !== null;

const SEQUENCE = 0x30;
const INTEGER = 0x02;

/** r|s as SEQUENCE { INTEGER r, INTEGER s } (X.690): each without leading zeros, and not negative. */
function derOf(signature: Uint8Array): Uint8Array {
  const der = new Uint8Array(72);
  let end = 2;
  for (let half = 0; half < 64; half += 32) {
    let first = half;
    while (first < half + 31 && signature[first] === 0) first += 1;
    const isNegative = (signature[first] as number) >= 0x80;
    const length = half + 32 - first;
    der[end] = INTEGER;
    der[end + 1] = isNegative ? length + 1 : length;
    end += isNegative ? 3 : 2; // a zero byte stands before it
    der.set(signature.subarray(first, half + 32), end);
    end += length;
  }
  der[0] = SEQUENCE;
  der[1] = end - 2;
  return der.subarray(0, end);
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
