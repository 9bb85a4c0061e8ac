import { concatBytes } from '@noble/hashes/utils.js';
import { publicKeyOf } from '../../protocol/sign/p256.ts';
import type { Signer } from '../../protocol/sign/signer.ts';
import { addressOfScript } from '../../protocol/types/address.ts';
import { bytesOfHex } from '../../protocol/types/bytes.ts';
import type { PublicKey } from '../../protocol/types/public-key.ts';
import { signatureScript } from '../../protocol/types/verification-script.ts';
import { uncompressed } from './point.ts';

/** The wallet's key in the browser's own key store, out of which no code can read it. */

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;

/** PKCS#8 of a P-256 key: what stands before the key's number, and between it and its public point. */
const beforeKey = bytesOfHex('308187020100301306072a8648ce3d020106082a8648ce3d030107046d306b0201010420');
const beforePoint = bytesOfHex('a144034200');

/** A new key of the browser's own making. The caller wipes it when it is no longer needed. */
export async function makePrivateKey(): Promise<Uint8Array<ArrayBuffer>> {
  const { privateKey } = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const pkcs8 = new Uint8Array(await crypto.subtle.exportKey('pkcs8', privateKey));
  if (!beforeKey.every((byte, at) => pkcs8[at] === byte)) throw new Error('the browser writes keys in another form');
  const number = pkcs8.slice(beforeKey.length, beforeKey.length + 32);
  pkcs8.fill(0);
  return number;
}

/** With the public point: not every browser takes a key without it. */
export function pkcs8Of(privateKey: Uint8Array): Uint8Array<ArrayBuffer> {
  const point = uncompressed(publicKeyOf(privateKey));
  return concatBytes(beforeKey, privateKey, beforePoint, point) as Uint8Array<ArrayBuffer>;
}

/** It signs, and can't be read any more. */
export async function deviceKeyOf(privateKey: Uint8Array): Promise<CryptoKey> {
  const pkcs8 = pkcs8Of(privateKey);
  try {
    return await crypto.subtle.importKey('pkcs8', pkcs8, algorithm, false, ['sign']);
  } finally {
    pkcs8.fill(0);
  }
}

/** The same out of what a passkey's key keeps; its number is never in the page's memory. */
export const unwrapDeviceKey = (wrapped: Uint8Array<ArrayBuffer>, key: CryptoKey, iv: Uint8Array<ArrayBuffer>) =>
  crypto.subtle.unwrapKey('pkcs8', wrapped, key, { name: 'AES-GCM', iv }, algorithm, false, ['sign']);

export function signerOf(publicKey: PublicKey, key: CryptoKey): Signer {
  const verificationScript = signatureScript(publicKey);
  return {
    address: addressOfScript(verificationScript),
    publicKey,
    verificationScript,
    sign: async (message) => new Uint8Array(await crypto.subtle.sign(algorithm, key, new Uint8Array(message))),
  };
}
