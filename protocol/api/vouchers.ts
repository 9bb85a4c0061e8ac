import { z } from 'zod';
import { datoshiSchema } from '../types/datoshi.ts';
import type { Operation } from './operation.ts';
import { idParameter } from './parameter.ts';
import { amount, escrowId } from './scalar.ts';

/** What the user's softphone signed: `protocol/sign/voucher.ts` has the bytes. */
const submittedVoucherSchema = z
  .strictObject({
    total: datoshiSchema
      .refine((total) => total > 0n, 'expected more than 0 datoshi')
      .meta({
        type: 'string',
        example: '150000',
        description: 'datoshi signed for in all since the escrow was opened',
      }),
    signature: z
      .string()
      .regex(/^[0-9a-fA-F]{128}$/, 'expected 128 hex digits')
      .transform((hex) => hex.toLowerCase()),
  })
  .meta({ id: 'SubmittedVoucher' });

export const keptVoucherSchema = z
  .object({
    escrowId,
    total: amount.meta({ description: 'the highest total that is kept: a lower one changes nothing' }),
    spent: amount.meta({ description: 'what was settled so far' }),
    unsettled: amount.meta({ description: 'what calls cost that were handed in and are not settled yet' }),
  })
  .meta({ id: 'KeptVoucher' });

export type SubmittedVoucher = z.infer<typeof submittedVoucherSchema>;
export type KeptVoucher = z.infer<typeof keptVoucherSchema>;

/** Not signed: the voucher is. */
export const submitVoucher = {
  operationId: 'submitVoucher',
  method: 'post',
  path: '/v1/escrows/{id}/vouchers',
  params: z.object({ id: idParameter }),
  body: submittedVoucherSchema,
  answer: keptVoucherSchema,
  readsChain: true,
} as const satisfies Operation;
