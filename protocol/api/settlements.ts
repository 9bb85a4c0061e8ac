import { z } from 'zod';
import type { Operation } from './operation.ts';
import { listOf, pageQuery } from './page.ts';
import { addressParameter, timeParameter, txHashParameter } from './parameter.ts';
import { address, amount, bytes32, count, escrowId, height, time, txHash } from './scalar.ts';

/** One claim's answer. */
const settlementSchema = z
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
  .meta({ id: 'Settlement' });

/** A transaction that answered claims. */
export const transactionSchema = z
  .object({ txHash, height, time, claims: z.array(settlementSchema) })
  .meta({ id: 'Transaction' });

export type Settlement = z.infer<typeof settlementSchema>;
export type Transaction = z.infer<typeof transactionSchema>;

export const listSettlements = {
  operationId: 'listSettlements',
  method: 'get',
  path: '/v1/settlements',
  query: z.strictObject({
    ...pageQuery,
    provider: addressParameter.optional(),
    user: addressParameter.optional(),
    since: timeParameter.optional().meta({ description: 'time of the block, this one included' }),
    until: timeParameter.optional().meta({ description: 'time of the block, this one excluded' }),
  }),
  answer: listOf(transactionSchema).meta({ id: 'TransactionList' }),
  readsChain: true,
} as const satisfies Operation;

export const getSettlements = {
  operationId: 'getSettlements',
  method: 'get',
  path: '/v1/settlements/{txHash}',
  params: z.object({ txHash: txHashParameter }),
  answer: transactionSchema,
  readsChain: true,
} as const satisfies Operation;
