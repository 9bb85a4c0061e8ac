import { rename, rm, writeFile } from 'node:fs/promises';
import { parseJson } from '../../protocol/api/json.ts';
import {
  canonicalRateDeck,
  entryDocument,
  type RateDeck,
  type RateDeckDocument,
  rateDeckHash,
  rateDeckSchema,
} from '../../protocol/call/rate-deck.ts';
import type { Hex } from '../../protocol/types/bytes.ts';
import { Refusal } from '../refusal.ts';

/** A deck and the hash that stands on chain for it. */
export type HashedDeck = { deck: RateDeck; hash: Hex };
/** With the document as it is handed in. */
export type DeckDocument = HashedDeck & { document: RateDeckDocument };

/** Of what is wrong with a document a person reads no more at a time. */
const MAX_WORDS = 5;

/** @throws Refusal naming what is wrong with it, by its place */
export function parseDeck(what: string, text: string): DeckDocument {
  let document: unknown;
  try {
    document = parseJson(text);
  } catch (cause) {
    throw new Refusal(`${what} is no rate deck: it is no JSON (${(cause as Error).message})`, { cause });
  }
  return checkDeck(what, document);
}

/** @throws Refusal */
export function checkDeck(what: string, document: unknown): DeckDocument {
  const { data: deck, error } = rateDeckSchema.safeParse(document);
  if (deck) {
    const valid = document as RateDeckDocument;
    return { deck, document: valid, hash: rateDeckHash(canonicalRateDeck(valid)) };
  }
  const { issues } = error;
  const words = issues.slice(0, MAX_WORDS).map(({ path, message }) => `${path.join('.') || 'all of it'}: ${message}`);
  const more = issues.length > MAX_WORDS ? `; and ${issues.length - MAX_WORDS} more` : '';
  throw new Refusal(`${what} is no rate deck: ${words.join('; ')}${more}`);
}

/** One entry a line: two decks can be compared by any tool. */
export function* deckLines({ entries, ...rest }: RateDeck): Generator<string> {
  yield `${JSON.stringify({ ...rest, entries: [] }).slice(0, -2)}\n`;
  for (const [i, entry] of entries.entries())
    yield `${JSON.stringify(entryDocument(entry))}${i < entries.length - 1 ? ',' : ''}\n`;
  yield ']}\n';
}

/** A line at a time would be a write at a time. */
const LINES_AT_A_TIME = 1_000;

/** Lines put together to texts that are worth a write. */
export function* inParts(lines: Iterable<string>): Generator<string> {
  let part: string[] = [];
  for (const line of lines) {
    if (part.push(line) < LINES_AT_A_TIME) continue;
    yield part.join('');
    part = [];
  }
  yield part.join('');
}

/** The file is there as a whole, or as it was before. @throws Refusal */
export async function writeWhole(file: string, lines: Iterable<string>): Promise<void> {
  const unfinished = `${file}.${process.pid}.unfinished`;
  try {
    await writeFile(unfinished, inParts(lines));
    await rename(unfinished, file);
  } catch (cause) {
    await rm(unfinished, { force: true });
    throw new Refusal(`can't write ${file}`, { cause });
  }
}
