import { z } from '@hono/zod-openapi';
import { escrowSchema } from './escrow.ts';
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
          location: z.string().nullable().openapi({ description: 'null once the provider has undeployed' }),
          registeredAt: time,
        }),
      )
      .openapi({ description: 'newest first' }),
    escrows: z.array(escrowSchema).openapi({ description: 'those not closed, newest first, at most 100' }),
  })
  .openapi('User');

export type User = z.infer<typeof userSchema>;
