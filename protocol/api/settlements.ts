import { z } from 'zod';
import { address, amount, bytes32, count, escrowId, height, time, txHash } from './scalar.ts';

const claimAnswerSchema = z
  .object({
    escrowId: escrowId.meta({ description: 'as claimed: -1 where it was unusable' }),
    provider: address.nullable(),
    user: address.nullable(),
    seq: z.int(),
    amount: amount.nullable(),
    seconds: count.nullable(),
    calls: count.nullable(),
    cdrRoot: bytes32.nullable(),
    accepted: z.boolean(),
    code: z.int().nullable().meta({ description: 'why the contract rejected the claim; null where it did not' }),
  })
  .meta({ id: 'ClaimAnswer' });

export const settlementSchema = z
  .object({ txHash, height, time, claims: z.array(claimAnswerSchema) })
  .meta({ id: 'Settlement' });

export type ClaimAnswer = z.infer<typeof claimAnswerSchema>;
export type Settlement = z.infer<typeof settlementSchema>;
