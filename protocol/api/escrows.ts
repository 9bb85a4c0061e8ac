import { z } from 'zod';
import type { Operation } from './operation.ts';
import { listOf, pageQuery } from './page.ts';
import { addressParameter, asOfHeight, idParameter } from './parameter.ts';
import { address, amount, count, escrowId, height, publicKey, time, txHash } from './scalar.ts';

const escrowStates = ['open', 'closing', 'closed'] as const;

const historySchema = z
  .looseObject({ event: z.string(), height, time, txHash })
  .meta({ description: 'a notification of the contract, with its own fields' });

export const escrowSchema = z
  .object({
    id: escrowId,
    user: address,
    provider: address,
    state: z.enum(escrowStates),
    amount,
    spent: amount,
    refunded: amount.nullable().meta({ description: 'null until it is closed' }),
    ratePerSecond: amount,
    feePerCall: amount,
    increment: z.int(),
    maxParallel: z.int(),
    openedAt: time,
    endsAt: time,
    claimDeadline: time.meta({ description: 'after it anyone may have the rest refunded to the user' }),
    voucherKey: publicKey.nullable(),
    seq: count.meta({ description: 'claims accepted so far' }),
    seconds: count,
    calls: count,
    history: z
      .array(historySchema)
      .meta({ description: 'oldest first; in lists the newest 10, of one escrow the newest 1000' }),
  })
  .meta({ id: 'Escrow' });

export type Escrow = z.infer<typeof escrowSchema>;

export const listEscrows = {
  operationId: 'listEscrows',
  method: 'get',
  path: '/v1/escrows',
  query: z.strictObject({
    ...pageQuery,
    user: addressParameter.optional(),
    provider: addressParameter.optional(),
    state: z.enum(escrowStates).optional(),
  }),
  answer: listOf(escrowSchema).meta({ id: 'EscrowList' }),
  readsChain: true,
} as const satisfies Operation;

/** The newest so many: a page holds up to 1000 escrows. */
export const HISTORY_IN_LISTS = 10;

export const getEscrow = {
  operationId: 'getEscrow',
  method: 'get',
  path: '/v1/escrows/{id}',
  params: z.object({ id: idParameter }),
  query: z.strictObject({ height: asOfHeight }),
  answer: escrowSchema,
  readsChain: true,
} as const satisfies Operation;
