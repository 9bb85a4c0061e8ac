import { JsonFault, parseJson } from '../../protocol/api/json.ts';
import type { FieldError, ProblemCode } from '../../protocol/api/problem.ts';
import {
  canonicalRateDeck,
  type RateDeck,
  type RateDeckDocument,
  rateDeckHash,
  rateDeckSchema,
  warningsOf,
} from '../../protocol/call/rate-deck.ts';
import type { Address } from '../../protocol/types/address.ts';
import { fieldErrors, inWords } from '../http/problem.ts';

/** A deck that may be kept, as texts: these pass from one thread to another without being taken apart. */
export type CheckedDeck = {
  hash: string;
  effectiveFrom: Date;
  entries: number;
  /** Canonical JSON (RFC 8785). */
  document: string;
  /** The entries as JSON lists of database rows. */
  rows: string[];
  warnings: string[];
};
export type DeckFault = { code: ProblemCode; detail: string; errors: FieldError[] };

/** Of 200,000 bad entries nobody reads more. */
const MAX_ERRORS = 1_000;
const WORDS = 5;
const ROWS_AT_A_TIME = 10_000;

/** Takes seconds where a deck is large: not for a thread that has requests to answer. */
export function checkDeck(bytes: Uint8Array, provider: Address, now: Date): CheckedDeck | DeckFault {
  const read = readDocument(bytes);
  if ('code' in read) return read;
  const parsed = rateDeckSchema.safeParse(read.document);
  if (!parsed.success) return deckInvalid(fieldErrors(parsed.error, MAX_ERRORS), parsed.error.issues.length);
  const deck = parsed.data;
  if (deck.provider !== provider)
    return deckInvalid([{ path: 'provider', message: `expected ${provider}, whose deck this is to be` }], 1);
  const document = canonicalRateDeck(read.document as RateDeckDocument);
  return {
    hash: rateDeckHash(document),
    effectiveFrom: new Date(deck.effectiveFrom),
    entries: deck.entries.length,
    document,
    rows: rowsOf(deck),
    warnings: warningsOf(deck, now),
  };
}

function readDocument(bytes: Uint8Array): { document: unknown } | DeckFault {
  try {
    return { document: parseJson(new TextDecoder('utf-8', { fatal: true }).decode(bytes)) };
  } catch (error) {
    const { message } = error as Error;
    const path = error instanceof JsonFault ? error.path : null;
    const errors = path === null ? [] : [{ path, message: 'stands twice' }];
    return {
      code: 'invalidJson',
      detail: path === null ? `the body is not JSON in UTF-8: ${message}` : message,
      errors,
    };
  }
}

function deckInvalid(errors: FieldError[], count: number): DeckFault {
  const more = count > WORDS ? `; and ${count - WORDS} more` : '';
  return { code: 'deckInvalid', detail: errors.slice(0, WORDS).map(inWords).join('; ') + more, errors };
}

function rowsOf({ entries }: RateDeck): string[] {
  const rows: string[] = [];
  for (let i = 0; i < entries.length; i += ROWS_AT_A_TIME)
    rows.push(
      JSON.stringify(
        entries.slice(i, i + ROWS_AT_A_TIME).map((entry) => ({
          prefix: entry.prefix,
          rate_per_second: entry.ratePerSecond.toString(),
          fee_per_call: entry.feePerCall.toString(),
          initial_increment: entry.initialIncrement,
          increment: entry.increment,
        })),
      ),
    );
  return rows;
}
