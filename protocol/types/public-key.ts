import { p256 } from '@noble/curves/nist.js';
import { z } from 'zod';
import type { Brand } from './brand.ts';
import { bytesOfHex } from './bytes.ts';
import { remember } from './remember.ts';

/** A compressed secp256r1 public key: 66 lower-case hex digits. */
export type PublicKey = Brand<string, 'PublicKey'>;

/** Finding y costs more than all else in a signed request, and the same few keys sign most of them. */
const isPoint = remember(1_000, (hex: string) => p256.utils.isValidPublicKey(bytesOfHex(hex)));

const noPublicKey = 'expected a compressed secp256r1 public key (66 hex digits)';

export const publicKeySchema = z
  .string({ error: noPublicKey })
  .refine((text) => /^0[23][0-9a-fA-F]{64}$/.test(text) && isPoint(text.toLowerCase()), noPublicKey)
  .transform((text) => text.toLowerCase() as PublicKey);
