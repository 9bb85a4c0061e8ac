import { z } from 'zod';
import { address, amount, bytes32, count, escrowId, height, time, txHash } from './scalar.ts';

const cdrStates = ['received', 'rejected', 'superseded', 'rated', 'claimed', 'settled', 'failed'] as const;
export type CdrState = (typeof cdrStates)[number];

const priceSchema = z.object({
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
    amount: amount.nullable(),
    price: priceSchema.nullable(),
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

export type Cdr = z.infer<typeof cdrSchema>;
export type CdrVerdict = z.infer<typeof verdictSchema>;
