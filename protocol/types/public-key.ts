import { p256 } from '@noble/curves/nist.js';
import { z } from 'zod';
import type { Brand } from './brand.ts';
import { bytesOfHex } from './bytes.ts';

/** A compressed secp256r1 public key: 66 lower-case hex digits. */
export type PublicKey = Brand<string, 'PublicKey'>;

const noPublicKey = 'expected a compressed secp256r1 public key (66 hex digits)';

export const publicKeySchema = z
  .string({ error: noPublicKey })
  .refine((text) => /^0[23][0-9a-fA-F]{64}$/.test(text) && p256.utils.isValidPublicKey(bytesOfHex(text)), noPublicKey)
  .transform((text) => text.toLowerCase() as PublicKey);
