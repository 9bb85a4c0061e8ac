import { z } from 'zod';
import { address, bytes32, count, time } from './scalar.ts';

const statsSchema = z.object({
  settledCalls: count.nullable().meta({ description: 'calls in claims that the chain accepted' }),
  answeredRatio: z
    .number()
    .min(0)
    .max(1)
    .nullable()
    .meta({ description: 'share of answered calls among all that were settled or cost nothing' }),
  meanSeconds: z.number().nonnegative().nullable().meta({ description: 'mean billed seconds of a settled call' }),
  rejectedClaims: count.nullable().meta({ description: 'claims that the chain rejected' }),
});

export const providerSchema = z
  .object({
    address,
    location: z.string().meta({ description: 'DNS SRV name or host of the outbound proxy' }),
    tariff: z
      .object({
        uri: z.string().nullable(),
        hash: bytes32.nullable().meta({ description: 'SHA-256 of the rate deck, as it stands on chain' }),
        matches: z.boolean().nullable().meta({ description: 'whether the deck that is known has that hash' }),
      })
      .nullable(),
    operator: address.nullable(),
    deployedAt: time,
    undeployedAt: time.nullable(),
    stats: statsSchema,
  })
  .meta({ id: 'Provider' });

export type Provider = z.infer<typeof providerSchema>;
export type Stats = z.infer<typeof statsSchema>;
