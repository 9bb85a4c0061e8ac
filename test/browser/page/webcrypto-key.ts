import { bytesToHex } from '@noble/hashes/utils.js';
import type { Signer } from '../../../protocol/sign/signer.ts';
import { addressOfScript } from '../../../protocol/types/address.ts';
import { type PublicKey, publicKeySchema } from '../../../protocol/types/public-key.ts';
import { signatureScript } from '../../../protocol/types/verification-script.ts';

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };

/** A signer whose private key stays in the key store of the browser (or of Node.js): no code can read it. */
export async function createWebCryptoKey(): Promise<Signer> {
  const { privateKey, publicKey } = await crypto.subtle.generateKey(algorithm, false, ['sign', 'verify']);
  const point = new Uint8Array(await crypto.subtle.exportKey('raw', publicKey));
  const compressed = compress(point);
  const verificationScript = signatureScript(compressed);
  return {
    address: addressOfScript(verificationScript),
    publicKey: compressed,
    verificationScript,
    sign: async (message) => new Uint8Array(await crypto.subtle.sign(algorithm, privateKey, new Uint8Array(message))),
  };
}

/** 04 x y -> 02 x where y is even, 03 x where it is odd. */
function compress(point: Uint8Array): PublicKey {
  const isOdd = (point[64] ?? 0) % 2 === 1;
  return publicKeySchema.parse((isOdd ? '03' : '02') + bytesToHex(point.subarray(1, 33)));
}
