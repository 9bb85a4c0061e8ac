import { sha256 } from '@noble/hashes/sha2.js';
import { utf8ToBytes } from '@noble/hashes/utils.js';
import canonicalize from 'canonicalize';
import { z } from 'zod';
import { addressSchema } from '../types/address.ts';
import { type Hex, hexOf } from '../types/bytes.ts';
import { datoshiSchema } from '../types/datoshi.ts';

/**
 * A provider's prices as the provider publishes them; the SHA-256 of the document's canonical JSON stands on chain
 * (`setTariff`).
 */

/** 200,000 prefixes: what the largest carriers' lists hold. */
export const MAX_ENTRIES = 200_000;
/** As for an escrow's increment: an hour. */
export const MAX_INCREMENT_S = 3_600;
export const MAX_DESCRIPTION = 200;

/** Beside E.164: calls to NEO addresses, calls from the PSTN, messages. `""` is the default for E.164 numbers only. */
const prefixSchema = z
  .string()
  .regex(
    /^(\+[1-9]\d{0,14}|neo:|in:|sms:|)$/,
    'expected an E.164 prefix (+ and 1 to 15 digits), neo:, in:, sms:, or nothing for the default',
  );

const incrementError = `expected whole seconds from 1 to ${MAX_INCREMENT_S}`;
const increment = z.int(incrementError).min(1, incrementError).max(MAX_INCREMENT_S, incrementError);

const timeError = 'expected a time as RFC 3339 in UTC with milliseconds, e.g. 2026-01-31T12:00:00.000Z';

const deckEntrySchema = z.strictObject({
  prefix: prefixSchema,
  ratePerSecond: datoshiSchema.meta({ type: 'string', example: '1500' }),
  feePerCall: datoshiSchema.meta({ type: 'string', example: '0' }),
  initialIncrement: increment,
  increment,
  description: z.string().max(MAX_DESCRIPTION).optional(),
});

export const rateDeckSchema = z
  .strictObject({
    version: z.literal(1, 'expected version 1 of the format'),
    provider: addressSchema.meta({ type: 'string' }),
    effectiveFrom: z
      .string({ error: timeError })
      .regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/, timeError)
      .refine((text) => !Number.isNaN(Date.parse(text)) && new Date(text).toISOString() === text, timeError)
      .meta({ format: 'date-time' }),
    entries: z
      .array(deckEntrySchema)
      .min(1)
      .max(MAX_ENTRIES, `expected at most ${MAX_ENTRIES} entries`)
      .superRefine(refuseTwice),
  })
  .meta({ id: 'RateDeck' });

export type RateDeck = z.infer<typeof rateDeckSchema>;
export type DeckEntry = z.infer<typeof deckEntrySchema>;

/** The document as JSON holds it: what is hashed, stored and handed on. */
export type RateDeckDocument = z.input<typeof rateDeckSchema>;

/** Which of two entries counts would depend on the reader. */
function refuseTwice(entries: readonly { prefix: string }[], context: z.RefinementCtx): void {
  const first = new Map<string, number>();
  entries.forEach(({ prefix }, i) => {
    const earlier = first.get(prefix);
    if (earlier === undefined) first.set(prefix, i);
    else
      context.addIssue({
        code: 'custom',
        path: [i, 'prefix'],
        message: `'${prefix}' stands in entry ${earlier} already`,
      });
  });
}

/** The one text of a document (RFC 8785): what is hashed, and kept. */
export function canonicalRateDeck(document: RateDeckDocument): string {
  const json = canonicalize(document);
  if (json === undefined) throw new TypeError('a rate deck has no canonical form');
  return json;
}

/** SHA-256 of the canonical text, as `setTariff` takes it. */
export const rateDeckHash = (canonical: string): Hex => hexOf(sha256(utf8ToBytes(canonical)));

/** An entry as JSON holds it. */
export const entryDocument = (entry: DeckEntry): RateDeckDocument['entries'][number] => ({
  ...entry,
  ratePerSecond: entry.ratePerSecond.toString(),
  feePerCall: entry.feePerCall.toString(),
});

/** The same hash entry by entry: of 200,000 of them there is never the whole text in memory. */
export function hashOfDeck({ entries, ...rest }: RateDeck): Hex {
  const [head = '', tail = ''] = canonicalRateDeck({ ...rest, entries: [] }).split('[]');
  const hash = sha256.create().update(utf8ToBytes(`${head}[`));
  for (const [i, entry] of entries.entries())
    hash.update(utf8ToBytes(`${i === 0 ? '' : ','}${canonicalize(entryDocument(entry))}`));
  return hexOf(hash.update(utf8ToBytes(`]${tail}`)).digest());
}

/** What a provider may have overlooked in a deck that can be used. */
export function warningsOf({ effectiveFrom, entries }: RateDeck, now: Date): string[] {
  const warnings: string[] = [];
  if (!entries.some(({ prefix }) => prefix === ''))
    warnings.push("numbers that no prefix fits can't be called: there is no entry with the prefix '' for them");
  const free = entries.filter(({ ratePerSecond, feePerCall }) => ratePerSecond === 0n && feePerCall === 0n);
  if (free.length > 0) warnings.push(`${free.length} entries cost nothing, the first is '${free[0]?.prefix}'`);
  if (new Date(effectiveFrom) > now)
    warnings.push(`it takes effect at ${effectiveFrom}; until then an earlier deck counts`);
  return warnings;
}
