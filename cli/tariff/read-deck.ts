import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { readAccount } from '../../chain/wallet-file.ts';
import { hashOfDeck, type RateDeck } from '../../protocol/call/rate-deck.ts';
import type { Address } from '../../protocol/types/address.ts';
import type { Settings } from '../config.ts';
import { print, table } from '../print.ts';
import { Refusal } from '../refusal.ts';
import { visible } from './cells.ts';
import type { Faults } from './collect.ts';
import { type CsvOptions, formOf, importOptionsOf } from './csv-options.ts';
import { type DeckDocument, type HashedDeck, parseDeck } from './deck-file.ts';
import { type Imported, importCsv } from './import-csv.ts';
import { decode } from './read-csv.ts';

/** A deck of a CSV, with what import has to say of it. */
export type DeckOfCsv = HashedDeck & Pick<Imported, 'lines' | 'unused' | 'roundings' | 'roundingCount'>;

/** Whose deck it is: said, or the account of the wallet, whose password nobody needs for that. */
export async function providerOf({ wallet }: Settings, given: Address | undefined): Promise<Address> {
  if (given !== undefined) return given;
  if (wallet === undefined) throw new Refusal('whose deck is it? give --provider <address>, or --wallet <file>');
  return (await readAccount(wallet)).address;
}

/** @throws Refusal; lines that are bad are printed before */
export async function readCsvDeck(settings: Settings, file: string, given: CsvOptions): Promise<DeckOfCsv> {
  const provider = await providerOf(settings, given.provider);
  const outcome = await importCsv({
    texts: decode(bytesOf(file), given.encoding),
    form: formOf(given),
    options: importOptionsOf(given),
    now: new Date(),
    progress: (lines) => process.stderr.write(`krypton: ${lines} lines read\n`),
  });
  if (outcome.kind === 'refused') throw new Refusal(`${file}: ${outcome.why}`);
  if (outcome.kind === 'faults') throw refuseLines(settings, file, outcome);
  const { entries, effectiveFrom, lines, unused, roundings, roundingCount } = outcome;
  const deck: RateDeck = { version: 1, provider, effectiveFrom, entries };
  return { deck, hash: hashOfDeck(deck), lines, unused, roundings, roundingCount };
}

async function* bytesOf(file: string): AsyncGenerator<Uint8Array, void> {
  try {
    yield* createReadStream(file) as AsyncIterable<Uint8Array>;
  } catch (error) {
    throw unreadable(file, error);
  }
}

/** @throws Refusal */
export async function readDeckFile(file: string): Promise<DeckDocument> {
  const text = await readFile(file, 'utf8').catch((error) => {
    throw unreadable(file, error);
  });
  return parseDeck(file, text);
}

function unreadable(file: string, cause: unknown): Refusal {
  const isMissing = (cause as NodeJS.ErrnoException).code === 'ENOENT';
  return new Refusal(isMissing ? `there is no file ${file}` : `can't read ${file}`, { cause });
}

function refuseLines({ json }: Settings, file: string, { faults, faultCount }: Faults): Refusal {
  print(json, { file, faults, faultCount }, () => [
    ...table(
      ['line', 'column', 'value', 'expected'],
      faults.map(({ line, column, value, expected }) => [
        String(line),
        visible(column),
        visible(value),
        expected.replace(/^expected /, ''),
      ]),
      '',
    ),
    ...(faultCount > faults.length ? [`… and ${faultCount - faults.length} more`] : []),
  ]);
  const things = faultCount === 1 ? '1 thing is' : `${faultCount} things are`;
  return new Refusal(`${file}: ${things} not as expected; nothing was written or published`);
}
