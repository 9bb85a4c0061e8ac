import { p256 } from '@noble/curves/nist.js';
import { bytesOfHex } from '../../protocol/types/bytes.ts';
import type { PublicKey } from '../../protocol/types/public-key.ts';

/** 04 x y: as WebCrypto wants a public key. */
export const uncompressed = (publicKey: PublicKey): Uint8Array =>
  p256.Point.fromBytes(bytesOfHex(publicKey)).toBytes(false);
