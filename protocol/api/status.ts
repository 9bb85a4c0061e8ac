import { z } from 'zod';
import type { Operation } from './operation.ts';
import { height, scriptHash } from './scalar.ts';

export const statusSchema = z
  .object({
    network: z.int().meta({ description: 'magic number of the network' }),
    contract: scriptHash,
    deployedAt: height.meta({ description: 'block from which on the contract is followed' }),
    nodeHeight: height.nullable().meta({ description: 'newest block of the nodes; null while none answers' }),
    indexHeight: height.meta({ description: 'newest block in the index' }),
    lag: z.int().nonnegative().nullable().meta({
      description:
        'blocks by which the index is behind the node; null where that can not be told: no node answers, or all lag behind the index',
    }),
    version: z.string(),
  })
  .meta({ id: 'Status' });

export type Status = z.infer<typeof statusSchema>;

export const healthSchema = z
  .object({
    status: z.enum(['ok', 'unavailable']),
    checks: z.record(z.string(), z.string()).meta({ description: 'each thing that is needed: ok, or what is wrong' }),
  })
  .meta({ id: 'Health' });

export type Health = z.infer<typeof healthSchema>;

export const getStatus = {
  operationId: 'getStatus',
  method: 'get',
  path: '/v1/status',
  answer: statusSchema,
  readsChain: true,
} as const satisfies Operation;

export const getHealth = {
  operationId: 'getHealth',
  method: 'get',
  path: '/healthz',
  answer: healthSchema,
} as const satisfies Operation;

export const getReadiness = {
  operationId: 'getReadiness',
  method: 'get',
  path: '/readyz',
  answer: healthSchema,
  alsoAnswers: [503],
} as const satisfies Operation;
