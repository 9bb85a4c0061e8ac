import { z } from 'zod';
import type { Operation } from './operation.ts';

const asked = { type: z.string(), address: z.string() };

/** The original KRYPTON.live call, with its answers. */
export const queryFoundSchema = z
  .object({ status: z.literal('success'), ...asked, code: z.literal(200), value: z.string() })
  .meta({ id: 'QueryFound' });

export const queryFailedSchema = z
  .object({
    status: z.literal('failed'),
    ...asked,
    code: z.union([z.literal(400), z.literal(404)]),
    message: z.string(),
  })
  .meta({ id: 'QueryFailed' });

export const queryTypes = ['uuid', 'provider', 'location'] as const;

export const query = {
  operationId: 'query',
  method: 'get',
  path: '/query/{type}/{user}',
  params: z.object({
    type: z.string().meta({ enum: [...queryTypes] }),
    user: z.string().meta({ description: 'NEO N3 address (N…)' }),
  }),
  answer: z.union([queryFoundSchema, queryFailedSchema]),
  alsoAnswers: [400, 404],
  readsChain: true,
} as const satisfies Operation;
