import { z } from 'zod';
import { type Compared, type Comparison, matches } from '../call/comparison.ts';
import { callIdSchema, hangupBySchema, partySchema, timeSchema } from '../call/form.ts';
import { proofSchema } from '../call/proof.ts';
import { addressSchema } from '../types/address.ts';
import { datoshiSchema } from '../types/datoshi.ts';
import type { Operation } from './operation.ts';
import { listOf, pageQuery } from './page.ts';
import { idParameter } from './parameter.ts';
import { printable } from './printable.ts';
import { address, amount, bytes32, count, escrowId, height, time, txHash } from './scalar.ts';

const cdrStates = ['received', 'rejected', 'superseded', 'rated', 'claimed', 'settled', 'failed'] as const;
export type CdrState = (typeof cdrStates)[number];

export const termsSchema = z.object({
  ratePerSecond: amount,
  feePerCall: amount,
  increments: z.object({ initial: z.int(), further: z.int() }),
  tariffHash: bytes32.nullable().meta({ description: "null: the escrow's own terms" }),
  entry: z.string().nullable(),
});

const voucherSchema = z.object({ total: amount, signature: z.string().regex(/^[0-9a-f]{128}$/) });

export const cdrSchema = z
  .object({
    id: z.int().positive(),
    provider: address,
    callId: z.string(),
    escrowId,
    user: address,
    state: z.enum(cdrStates),
    reason: z.string().nullable().meta({ description: 'why it is not paid, or not in full, or not yet' }),
    reasonCode: z.string().nullable(),
    billableSeconds: count.nullable(),
    price: amount.nullable().meta({ description: 'what the call costs by its terms; null until it is rated' }),
    paid: amount.nullable().meta({
      description: 'null until it is settled; less than the price where money or voucher did not reach',
    }),
    terms: termsSchema.nullable().meta({ description: 'what the price was made from' }),
    claim: z.object({ seq: count, cdrRoot: bytes32 }).nullable(),
    txHash: txHash.nullable(),
    height: height.nullable().meta({ description: 'block of the transaction that paid it' }),
    receivedAt: time,
    corrects: z.int().positive().nullable().meta({ description: 'id of the CDR that this one replaces' }),
    supersededBy: z.int().positive().nullable().meta({ description: 'id of the CDR that replaces this one' }),
    direction: z.enum(['outbound', 'inbound']),
    from: z.string(),
    to: z.string(),
    startedAt: time,
    answeredAt: time.nullable(),
    endedAt: time,
    disposition: z.enum(['answered', 'busy', 'no-answer', 'cancelled', 'failed']),
    sipStatus: z.int(),
    hangupBy: z.string().nullable(),
    voucher: voucherSchema.nullable(),
  })
  .meta({ id: 'Cdr' });

const verdictSchema = z
  .object({
    callId: z.string().nullable(),
    id: z.int().positive().nullable().meta({ description: 'of the CDR that stands under this callId' }),
    verdict: z.enum(['accepted', 'duplicate', 'conflict', 'invalid']),
    state: z.enum(cdrStates).nullable(),
    reason: z.string().nullable(),
  })
  .meta({ id: 'CdrVerdict' });

export const verdictsSchema = z
  .object({ cdrs: z.array(verdictSchema).meta({ description: 'in the order sent' }) })
  .meta({ id: 'CdrVerdicts' });

const submittedVoucher = z.strictObject({
  total: datoshiSchema.meta({ type: 'string', example: '150000' }),
  signature: z
    .string()
    .regex(/^[0-9a-fA-F]{128}$/, 'expected 128 hex digits')
    .transform((hex) => hex.toLowerCase()),
});

/** A CDR as a provider sends it. A field that is not known is refused: it may be a mistyped voucher. */
export const submittedCdrSchema = z
  .strictObject({
    callId: callIdSchema,
    escrowId: z.int().positive(),
    user: addressSchema.meta({ type: 'string' }),
    direction: z.enum(['outbound', 'inbound']),
    from: partySchema,
    to: partySchema,
    startedAt: timeSchema,
    answeredAt: timeSchema.nullable(),
    endedAt: timeSchema,
    disposition: z.enum(['answered', 'busy', 'no-answer', 'cancelled', 'failed']),
    sipStatus: z.int().min(100).max(699),
    hangupBy: hangupBySchema.nullish(),
    voucher: submittedVoucher.nullish(),
    corrects: z
      .int()
      .positive()
      .nullish()
      .meta({ description: 'id of the CDR of this callId, never to be paid, that this one replaces' }),
  })
  .meta({ id: 'SubmittedCdr' });

export type SubmittedCdr = z.infer<typeof submittedCdrSchema>;

/** So many CDRs in one request: one statement and one commit for all of them stay within some tens of milliseconds. */
export const MAX_CDRS = 1000;

/** The body as a whole; each CDR is judged on its own, so that one bad one does not keep the others out. */
const submittedCdrsSchema = z
  .strictObject({
    cdrs: z
      .array(z.unknown())
      .min(1)
      .max(MAX_CDRS)
      .meta({
        type: 'array',
        items: { $ref: '#/components/schemas/SubmittedCdr' },
        minItems: 1,
        maxItems: MAX_CDRS,
      }),
  })
  .meta({ id: 'SubmittedCdrs' });

export const submitCdrs = {
  operationId: 'submitCdrs',
  method: 'post',
  path: '/v1/cdrs',
  body: submittedCdrsSchema,
  answer: verdictsSchema,
  alsoAnswers: [409],
  isSigned: true,
  readsChain: true,
} as const satisfies Operation;

export const listCdrs = {
  operationId: 'listCdrs',
  method: 'get',
  path: '/v1/cdrs',
  query: z.strictObject({
    ...pageQuery,
    escrowId: idParameter.optional(),
    callId: printable(255).optional(),
  }),
  answer: listOf(cdrSchema).meta({ id: 'CdrList' }),
  isSigned: true,
  readsChain: true,
} as const satisfies Operation;

const comparedSchema = z.object({
  amount,
  match: z.enum(matches).meta({ description: 'against what the call costs: all of it, a part, or nothing' }),
});

const comparisonSchema = z.object({
  call: amount.meta({ description: 'what the call costs' }),
  voucher: comparedSchema
    .nullable()
    .meta({ description: "what the user's vouchers sign for of it; null where the escrow asks for none" }),
  claim: comparedSchema.meta({ description: 'what is claimed for it' }),
});

/** One CDR shows more than a list, which would be slow to make: its proof, and what stands beside its price. */
export const provenCdrSchema = cdrSchema
  .extend({
    comparison: comparisonSchema
      .nullable()
      .meta({ description: 'call, voucher and claim side by side; null while the call has no price' }),
    proof: proofSchema.nullable().meta({
      description:
        'null until it is settled, and where what is stored does not make the root on the chain: the log says why',
    }),
  })
  .meta({ id: 'ProvenCdr' });

export const getCdr = {
  operationId: 'getCdr',
  method: 'get',
  path: '/v1/cdrs/{id}',
  params: z.object({ id: idParameter }),
  answer: provenCdrSchema,
  isSigned: true,
  readsChain: true,
} as const satisfies Operation;

export function comparisonShape(comparison: Comparison | null): ProvenCdr['comparison'] {
  if (comparison === null) return null;
  const { call, voucher, claim } = comparison;
  return { call: call.toString(), voucher: voucher && comparedShape(voucher), claim: comparedShape(claim) };
}

const comparedShape = ({ amount, match }: Compared) => ({ amount: amount.toString(), match });

export type Cdr = z.infer<typeof cdrSchema>;
export type ProvenCdr = z.infer<typeof provenCdrSchema>;
export type CdrVerdict = z.infer<typeof verdictSchema>;
