import { z } from 'zod';
import { bytesOfHex } from './bytes.ts';

const noUuid = 'expected a version 4 UUID of 36 characters, e.g. 9b2f1c7e-4d3a-4f6b-8a51-0c2d3e4f5a6b';

/** RFC 4122 version 4, as the contract takes it; it keeps it in lower case. */
export const uuidSchema = z
  .string({ error: noUuid })
  .regex(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/i, noUuid)
  .transform((text) => text.toLowerCase());

/** Its 16 bytes, in the order in which it is written. */
export const bytesOfUuid = (uuid: string): Uint8Array => bytesOfHex(uuid.replaceAll('-', ''));
