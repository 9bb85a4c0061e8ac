import { basename, dirname, join, resolve } from 'node:path';
import { openApi } from '../api.ts';
import type { Settings } from '../config.ts';
import { fields, print } from '../print.ts';
import { Refusal } from '../refusal.ts';
import { findChanges } from './changes.ts';
import type { CsvOptions } from './csv-options.ts';
import { deckLines, writeWhole } from './deck-file.ts';
import { readInForce } from './in-force.ts';
import { type DeckOfCsv, readCsvDeck } from './read-deck.ts';
import {
  comparedWith,
  comparisonLines,
  factFields,
  factsOf,
  importFacts,
  importLines,
  warningLines,
} from './report.ts';

type ImportGiven = CsvOptions & { out?: string; dryRun?: boolean; show: number };

export async function importDeck(settings: Settings, csv: string, given: ImportGiven): Promise<void> {
  if (given.out !== undefined && resolve(given.out) === resolve(csv))
    throw new Refusal(`--out ${given.out} would write over your price list: name another file`);
  const deck = await readCsvDeck(settings, csv, given);
  return given.dryRun ? showDryRun(settings, csv, deck, given.show) : write(settings, csv, deck, given.out);
}

/** `prices.csv` -> `prices.deck.json` beside it */
const besides = (csv: string) => join(dirname(csv), `${basename(csv).replace(/\.\w+$/, '')}.deck.json`);

async function write(settings: Settings, csv: string, read: DeckOfCsv, out = besides(csv)): Promise<void> {
  await writeWhole(out, deckLines(read.deck));
  const facts = factsOf(read);
  print(settings.json, { file: out, ...facts, ...importFacts(read) }, () => [
    ...fields({ deck: out, ...factFields(facts), lines: read.lines }),
    ...importLines(read),
    ...warningLines(facts.warnings),
    '',
    `Nothing is published yet: krypton tariff publish ${out}`,
  ]);
}

async function showDryRun(settings: Settings, csv: string, read: DeckOfCsv, show: number): Promise<void> {
  const inForce = await readInForce(await openApi(settings), read.deck.provider);
  const changes = findChanges(inForce?.known?.deck ?? null, read.deck, show);
  const facts = factsOf(read);
  print(
    settings.json,
    { file: csv, ...facts, ...importFacts(read), inForce: comparedWith(inForce), ...changes },
    () => [
      ...fields({ file: csv, ...factFields(facts), lines: read.lines }),
      ...importLines(read),
      ...warningLines(facts.warnings),
      ...comparisonLines(inForce, changes),
      '',
      'This was a dry run: nothing was written or published.',
    ],
  );
}
