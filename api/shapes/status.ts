import { z } from '@hono/zod-openapi';
import { height, scriptHash } from './scalar.ts';

export const statusSchema = z
  .object({
    network: z.int().openapi({ description: 'magic number of the network' }),
    contract: scriptHash,
    deployedAt: height.openapi({ description: 'block from which on the contract is followed' }),
    nodeHeight: height.nullable().openapi({ description: 'newest block of the node; null while it does not answer' }),
    indexHeight: height.openapi({ description: 'newest block in the index' }),
    lag: z.int().nonnegative().nullable().openapi({ description: 'blocks by which the index is behind the node' }),
    version: z.string(),
  })
  .openapi('Status');

export type Status = z.infer<typeof statusSchema>;

export const healthSchema = z
  .object({
    status: z.enum(['ok', 'unavailable']),
    checks: z
      .record(z.string(), z.string())
      .openapi({ description: 'each thing that is needed: ok, or what is wrong' }),
  })
  .openapi('Health');

export type Health = z.infer<typeof healthSchema>;
