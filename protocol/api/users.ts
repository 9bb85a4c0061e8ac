import { z } from 'zod';
import { escrowSchema } from './escrows.ts';
import type { Operation } from './operation.ts';
import { addressParameter, asOfHeight } from './parameter.ts';
import { address, amount, time } from './scalar.ts';

export const userSchema = z
  .object({
    address,
    balance: amount,
    registrations: z
      .array(
        z.object({
          provider: address,
          uuid: z.uuid(),
          location: z.string().nullable().meta({ description: 'null once the provider has undeployed' }),
          registeredAt: time,
        }),
      )
      .meta({ description: 'newest first' }),
    escrows: z.array(escrowSchema).meta({ description: 'those not closed, newest first, at most 100' }),
  })
  .meta({ id: 'User' });

export type User = z.infer<typeof userSchema>;

export const getUser = {
  operationId: 'getUser',
  method: 'get',
  path: '/v1/users/{address}',
  params: z.object({ address: addressParameter }),
  query: z.strictObject({ height: asOfHeight }),
  answer: userSchema,
  readsChain: true,
} as const satisfies Operation;
