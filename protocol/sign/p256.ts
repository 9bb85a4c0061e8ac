import { p256 } from '@noble/curves/nist.js';
import { bytesToHex } from '@noble/hashes/utils.js';
import { bytesOfHex } from '../types/bytes.ts';
import type { PublicKey } from '../types/public-key.ts';

/**
 * ECDSA on secp256r1 with SHA-256 and raw r|s signatures (64 bytes): what NEO's keys, RFC 9421's `ecdsa-p256-sha256`
 * and WebCrypto's P-256 have in common. Signatures with a high s are valid too: the chain has no rule against them, and
 * WebCrypto makes them in half of all cases.
 */
const options = { lowS: false } as const;

/** Deterministic (RFC 6979). */
export const signMessage = (privateKey: Uint8Array, message: Uint8Array): Uint8Array =>
  p256.sign(message, privateKey, options);

export function isSignatureValid(publicKey: PublicKey, message: Uint8Array, signature: Uint8Array): boolean {
  return signature.length === 64 && p256.verify(signature, message, bytesOfHex(publicKey), options);
}

export const createPrivateKey = (): Uint8Array => p256.utils.randomSecretKey();

export const publicKeyOf = (privateKey: Uint8Array): PublicKey =>
  bytesToHex(p256.getPublicKey(privateKey)) as PublicKey;
