import { pipeline } from 'node:stream/promises';
import type { RateDeck } from '../../protocol/call/rate-deck.ts';
import type { Address } from '../../protocol/types/address.ts';
import { openApi } from '../api.ts';
import type { Settings } from '../config.ts';
import { fields, print } from '../print.ts';
import { Refusal } from '../refusal.ts';
import { type HashedDeck, inParts, writeWhole } from './deck-file.ts';
import { readInForce } from './in-force.ts';
import { providerOf, readDeckFile } from './read-deck.ts';
import { csvLines } from './write-csv.ts';

type ExportGiven = { provider?: Address; out?: string };

export async function exportDeck(settings: Settings, file: string | undefined, given: ExportGiven): Promise<void> {
  const { deck, hash } = file === undefined ? await readDeckInForce(settings, given) : await readDeckFile(file);
  const note = noteOf(deck);
  if (note !== null) process.stderr.write(`krypton: ${note}\n`);
  if (given.out === undefined) {
    await pipeline(inParts(csvLines(deck)), process.stdout, { end: false });
    return;
  }
  const { provider, effectiveFrom, entries } = deck;
  await writeWhole(given.out, csvLines(deck));
  print(settings.json, { file: given.out, provider, entries: entries.length, effectiveFrom, hash }, () =>
    fields({ file: given.out, provider, entries: entries.length, 'takes effect': effectiveFrom, hash }),
  );
}

/** What no CSV can say, and other tools may have put into a deck. */
function noteOf({ entries }: RateDeck): string | null {
  const empty = entries.filter(({ description }) => description === '').length;
  if (empty === 0) return null;
  return `entries with an empty description: ${empty}; imported again they have none, and the deck has another hash`;
}

async function readDeckInForce(settings: Settings, given: ExportGiven): Promise<HashedDeck> {
  const provider = await providerOf(settings, given.provider);
  const inForce = await readInForce(await openApi(settings), provider);
  if (inForce === null)
    throw new Refusal(`${provider} has no rate deck in force: the terms of each escrow are the price`);
  if (inForce.known) return inForce.known;
  throw new Refusal(`nobody has handed in the deck ${inForce.set.hash} of ${provider}: ${inForce.set.uri} may have it`);
}
