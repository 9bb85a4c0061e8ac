import { z } from 'zod';
import { rateDeckSchema } from '../call/rate-deck.ts';
import { termsSchema } from './cdrs.ts';
import type { Operation } from './operation.ts';
import { listOf, pageQuery } from './page.ts';
import { addressParameter, heightParameter, timeParameter } from './parameter.ts';
import { printable } from './printable.ts';
import { address, amount, bytes32, count, height, time, txHash } from './scalar.ts';

const provider = z.object({ address: addressParameter });
const moment = {
  at: timeParameter.optional().meta({ description: 'the deck in force at this time; left out: now' }),
  height: heightParameter
    .optional()
    .meta({ description: 'the deck in force at the time of this block, in place of `at`' }),
};

/** The 200,000 entries of the largest carriers, with descriptions. */
export const MAX_DECK_BYTES = 32 * 1024 * 1024;

const keptDeckSchema = z
  .object({
    hash: bytes32.meta({ description: 'SHA-256 of the deck as RFC 8785 JSON: what setTariff takes' }),
    entries: count,
    effectiveFrom: time,
    onChain: z.boolean().meta({ description: 'whether this hash stands on chain; the deck takes effect by that' }),
    warnings: z.array(z.string()),
  })
  .meta({ id: 'KeptDeck' });

const setDeckSchema = z.object({
  uri: z.string(),
  hash: bytes32,
  setAt: time.meta({ description: 'of the block' }),
  height,
  txHash,
  effectiveFrom: time.nullable().meta({ description: 'null: nobody has handed in the document' }),
  entries: count.nullable(),
});

const tariffSchema = z
  .object({
    provider: address,
    at: time,
    inForce: setDeckSchema.nullable().meta({ description: "null: no deck, so the escrow's own terms are the price" }),
    matches: z.boolean().nullable().meta({ description: 'whether the document with the hash on chain is known' }),
    deck: z.unknown().meta({ description: 'the document, as it was handed in; null where it is not known' }),
  })
  .meta({ id: 'Tariff' });

export const priceSchema = termsSchema
  .extend({
    seconds: count.meta({ description: 'that are billed for so many minutes' }),
    price: amount.meta({ description: 'datoshi for them' }),
  })
  .meta({ id: 'Price' });

const minutesError = 'expected minutes, as in 1 or 2.5, at most 1440';
export const minutesParameter = z
  .string()
  .regex(/^\d{1,4}(\.\d{1,3})?$/, minutesError)
  .transform((text) => Math.round(Number(text) * 60_000))
  .refine((ms) => ms <= 1440 * 60_000, minutesError)
  .default(60_000)
  .meta({ type: 'number', default: 1, description: 'how long the call lasts' });

export const destinationParameter = printable(255).meta({
  description: 'an E.164 number, a NEO address, `in:` (a call from the PSTN) or `sms:` (a message)',
  example: '+31201234567',
});

export const putTariff = {
  operationId: 'putTariff',
  method: 'put',
  path: '/v1/providers/{address}/tariff',
  params: provider,
  body: rateDeckSchema,
  answer: keptDeckSchema,
  isSigned: true,
  readsChain: true,
} as const satisfies Operation;

export const getTariff = {
  operationId: 'getTariff',
  method: 'get',
  path: '/v1/providers/{address}/tariff',
  params: provider,
  query: z.strictObject(moment),
  answer: tariffSchema,
  readsChain: true,
} as const satisfies Operation;

export const listTariffs = {
  operationId: 'listTariffs',
  method: 'get',
  path: '/v1/providers/{address}/tariff/history',
  params: provider,
  query: z.strictObject(pageQuery),
  answer: listOf(setDeckSchema).meta({ id: 'TariffList' }),
  readsChain: true,
} as const satisfies Operation;

export const getTariffPrice = {
  operationId: 'getTariffPrice',
  method: 'get',
  path: '/v1/providers/{address}/tariff/price',
  params: provider,
  query: z.strictObject({ dest: destinationParameter, minutes: minutesParameter, ...moment }),
  answer: priceSchema,
  readsChain: true,
} as const satisfies Operation;

export type KeptDeck = z.infer<typeof keptDeckSchema>;
export type SetDeck = z.infer<typeof setDeckSchema>;
export type Price = z.infer<typeof priceSchema>;
