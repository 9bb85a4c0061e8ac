import { z } from 'zod';

/** The scalars that answers are made of. Requests are read with those of `parameter.ts`, which also convert. */
export const amount = z
  .string()
  .regex(/^(0|[1-9]\d*)$/)
  .meta({ description: 'datoshi (10^-8 GAS), a whole number as a decimal string', example: '150000' });
export const address = z
  .string()
  .regex(/^N[1-9A-HJ-NP-Za-km-z]{33}$/)
  .meta({ description: 'NEO N3 address', example: 'NbUgTSFvPmsRxmGeWpuuGeJUoRoi6PErcM' });
export const scriptHash = z
  .string()
  .regex(/^0x[0-9a-f]{40}$/)
  .meta({ description: "a contract's hash" });
export const txHash = z
  .string()
  .regex(/^0x[0-9a-f]{64}$/)
  .meta({ description: "a transaction's hash" });
export const bytes32 = z
  .string()
  .regex(/^0x[0-9a-f]{64}$/)
  .meta({ description: '32 bytes' });
export const publicKey = z
  .string()
  .regex(/^0[23][0-9a-f]{64}$/)
  .meta({ description: 'compressed secp256r1 public key' });
export const height = z.int().nonnegative().meta({ description: 'index of a block' });
export const count = z.int().nonnegative();
export const escrowId = z.int().meta({ description: 'id of an escrow' });
export const time = z
  .string()
  .regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
  .meta({
    format: 'date-time',
    description: 'RFC 3339 with milliseconds, UTC',
    example: '2026-01-31T12:00:00.000Z',
  });
