import { z } from 'zod';
import { proofSchema } from '../call/proof.ts';
import type { Operation } from './operation.ts';
import { idParameter } from './parameter.ts';

/** For everybody: what a call was stays with its parties. */
export const getProof = {
  operationId: 'getProof',
  method: 'get',
  path: '/v1/proofs/cdr/{id}',
  params: z.object({ id: idParameter }),
  answer: proofSchema,
} as const satisfies Operation;
