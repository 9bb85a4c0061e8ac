import { generateKeyPairSync, sign } from 'node:crypto';
import type { Signer } from '../protocol/sign/signer.ts';
import { addressOfPublicKey } from '../protocol/types/address.ts';
import type { PublicKey } from '../protocol/types/public-key.ts';
import { signatureScript } from '../protocol/types/verification-script.ts';

/** A key whose signatures cost a tenth of a millisecond: a client that is busy signing would measure itself. */
export function createFastSigner(): Signer {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const { x = '', y = '' } = publicKey.export({ format: 'jwk' });
  const isOdd = ((Buffer.from(y, 'base64url').at(-1) ?? 0) & 1) === 1;
  const compressed = `${isOdd ? '03' : '02'}${Buffer.from(x, 'base64url').toString('hex')}` as PublicKey;
  return {
    publicKey: compressed,
    address: addressOfPublicKey(compressed),
    verificationScript: signatureScript(compressed),
    sign: async (bytes) => new Uint8Array(sign('sha256', bytes, { key: privateKey, dsaEncoding: 'ieee-p1363' })),
  };
}
