import { z } from 'zod';
import { callIdSchema, partySchema } from '../call/form.ts';
import { refusalReasons } from '../call/permission.ts';
import { addressSchema } from '../types/address.ts';
import { termsSchema } from './cdrs.ts';
import type { Operation } from './operation.ts';
import { listOf, pageQuery } from './page.ts';
import { address, amount, count, escrowId, height, time } from './scalar.ts';

const askedCallSchema = z
  .strictObject({
    callId: callIdSchema,
    user: addressSchema.meta({ type: 'string', description: 'who pays' }),
    destination: partySchema.meta({ description: 'as `to` of the CDR that the call will have' }),
    direction: z.enum(['outbound', 'inbound']),
    escrowId: z
      .int()
      .positive()
      .nullish()
      .meta({ description: 'left out: the open one of this user with the most left' }),
  })
  .meta({ id: 'AskedCall' });

const allowedSchema = z
  .object({
    allowed: z.literal(true),
    escrowId,
    maxSeconds: count.meta({ description: 'the call ends so long after its beginning, unless it is asked for again' }),
    ...termsSchema.shape,
    holdUntil: time.nullable().meta({ description: 'until then the money is reserved; null: the call costs nothing' }),
    height,
  })
  .meta({ id: 'CallAllowed' });

const refusedSchema = z
  .object({ allowed: z.literal(false), reason: z.enum(refusalReasons), detail: z.string(), height })
  .meta({ id: 'CallRefused' });

const heldCallSchema = z
  .object({
    callId: z.string(),
    escrowId,
    user: address.nullable(),
    state: z.enum(['running', 'handedIn']).meta({ description: 'handedIn: its CDR came, and is not rated yet' }),
    heldFrom: time,
    seconds: count,
    amount: amount.meta({ description: 'datoshi that are reserved for it' }),
    holdUntil: time,
    terms: termsSchema,
  })
  .meta({ id: 'HeldCall' });

export const authorizeCall = {
  operationId: 'authorizeCall',
  method: 'post',
  path: '/v1/calls/authorize',
  body: askedCallSchema,
  answer: z.discriminatedUnion('allowed', [allowedSchema, refusedSchema]),
  isSigned: true,
  readsChain: true,
} as const satisfies Operation;

export const releaseCall = {
  operationId: 'releaseCall',
  method: 'delete',
  path: '/v1/calls/{callId}',
  params: z.object({ callId: callIdSchema }),
  answer: z.object({ released: z.boolean().meta({ description: 'false: it had no hold, or its CDR came' }) }),
  isSigned: true,
} as const satisfies Operation;

export const listCalls = {
  operationId: 'listCalls',
  method: 'get',
  path: '/v1/calls',
  query: z.strictObject(pageQuery),
  answer: listOf(heldCallSchema).meta({ id: 'HeldCallList' }),
  isSigned: true,
} as const satisfies Operation;

export type AskedCall = z.output<typeof askedCallSchema>;
export type CallAnswer = z.output<typeof authorizeCall.answer>;
export type HeldCall = z.output<typeof heldCallSchema>;
