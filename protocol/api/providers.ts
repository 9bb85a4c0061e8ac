import { z } from 'zod';
import type { Operation } from './operation.ts';
import { listOf, pageQuery } from './page.ts';
import { addressParameter } from './parameter.ts';
import { printable } from './printable.ts';
import { address, bytes32, count, time } from './scalar.ts';
import { destinationParameter, minutesParameter, priceSchema } from './tariffs.ts';

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
        matches: z.boolean().nullable().meta({ description: 'whether the document with that hash was handed in' }),
      })
      .nullable(),
    operator: address
      .nullable()
      .meta({ description: 'who may claim for it besides itself; null once it has undeployed' }),
    deployedAt: time,
    undeployedAt: time.nullable(),
    stats: statsSchema,
    price: priceSchema.nullable().meta({ description: 'for the destination that was asked for; else null' }),
  })
  .meta({ id: 'Provider' });

export type Provider = z.infer<typeof providerSchema>;
export type Stats = z.infer<typeof statsSchema>;

const sorts = ['price', '-price', 'address', '-address', 'location', '-location', 'deployedAt', '-deployedAt'] as const;
const states = ['deployed', 'undeployed', 'any'] as const;

export const listProviders = {
  operationId: 'listProviders',
  method: 'get',
  path: '/v1/providers',
  query: z.strictObject({
    ...pageQuery,
    q: printable(253).optional().meta({ description: 'part of the location, or the first characters of the address' }),
    state: z.enum(states).default('deployed'),
    dest: destinationParameter.optional().meta({
      description: 'only who has a price for it in the deck in force, the cheapest first',
    }),
    minutes: minutesParameter,
    sort: z.enum(sorts).optional().meta({
      description: 'with `-`: descending; left out: by price where `dest` is given, else by address',
    }),
  }),
  answer: listOf(providerSchema).meta({ id: 'ProviderList' }),
  readsChain: true,
} as const satisfies Operation;

export const getProvider = {
  operationId: 'getProvider',
  method: 'get',
  path: '/v1/providers/{address}',
  params: z.object({ address: addressParameter }),
  answer: providerSchema,
  readsChain: true,
} as const satisfies Operation;

/** What the list may be asked for, as the server reads it. */
export type ProviderQuery = z.output<(typeof listProviders)['query']>;
