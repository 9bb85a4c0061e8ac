import type { Command } from 'commander';
import { toAddress, toCount, toDestination, toMinutes, toUri } from '../arguments.ts';
import { act, examples } from '../program.ts';
import { check } from '../tariff/check.ts';
import { addCsvOptions } from '../tariff/csv-options.ts';
import { exportDeck } from '../tariff/export.ts';
import { importDeck } from '../tariff/import.ts';
import { showPrice } from '../tariff/price.ts';
import { publishFile } from '../tariff/publish-file.ts';

/** Of each kind of change a person looks at so many first. */
const SHOWN = 10;
const MAX_SHOWN = 200_000;

const flow = `
A price list takes three steps, and none of them can be half done:
  1. import makes a rate deck of your CSV: a file of its own, here. With --dry-run it only says what would change.
  2. check says whether a file is well, and what it changes against the deck in force.
  3. publish hands the deck in and sets its hash on chain. From then on it prices your calls.
`;

/** Rate decks: what a provider's calls cost. */
export function addTariff(program: Command): void {
  const tariff = program
    .command('tariff')
    .description('your prices: a CSV becomes a rate deck, and the deck is published')
    .addHelpText(
      'after',
      flow +
        examples(
          'tariff import prices.csv --gas-price 4.25 --dry-run --wallet provider.json',
          'tariff import prices.csv --gas-price 4.25 --wallet provider.json',
          'tariff publish prices.deck.json --wallet provider.json',
        ),
    );
  addCsvOptions(
    tariff
      .command('import')
      .description('make a rate deck of a CSV; writes nothing where a line is bad, and names each one')
      .argument('<csv>', 'your price list'),
  )
    .option('--out <file>', 'where the deck is written; left out: beside the CSV, as <name>.deck.json')
    .option('--dry-run', 'write nothing; say what would change against the deck in force')
    .option('--show <n>', 'with --dry-run: so many of each kind of change', toCount('a number', 0, MAX_SHOWN), SHOWN)
    .addHelpText(
      'after',
      examples(
        'tariff import prices.csv --gas-price 4.25 --dry-run --wallet provider.json',
        'tariff import prices.csv --gas-price 4.25 --columns prefix=Breakout,rate-per-minute=#4 --wallet provider.json',
      ),
    )
    .action(act(importDeck));
  addCsvOptions(
    tariff
      .command('check')
      .description('whether a rate deck or a CSV is well, and what it changes against the deck in force')
      .argument('<file>', 'a rate deck (.json), or a CSV as import takes it'),
  )
    .option('--show <n>', 'so many of each kind of change', toCount('a number', 0, MAX_SHOWN), SHOWN)
    .addHelpText('after', examples('tariff check prices.deck.json', 'tariff check prices.csv --gas-price 4.25'))
    .action(act(check));
  tariff
    .command('publish')
    .description('hand in a rate deck and set its hash on chain; can be repeated, whatever has interrupted it')
    .argument('<deck.json>', 'file of tariff import')
    .option('--uri <uri>', 'where everybody can fetch it; left out: as on chain, else at the API', toUri)
    .option('--kit <folder>', "hand it to the wallet service of this provider's kit first")
    .addHelpText(
      'after',
      examples(
        'tariff publish prices.deck.json --wallet provider.json',
        'tariff publish prices.deck.json --kit krypton-provider --wallet provider.json',
      ),
    )
    .action(act(publishFile));
  tariff
    .command('export')
    .description('the deck in force, or that of a file, as a CSV that imports back to the same deck')
    .argument('[deck.json]', 'file of tariff import; left out: the deck in force')
    .option('--provider <address>', 'whose deck in force; left out: the account of --wallet', toAddress)
    .option('--out <file>', 'where to write it; left out: standard output')
    .addHelpText('after', examples('tariff export --wallet provider.json --out prices.csv'))
    .action(act(exportDeck));
  tariff
    .command('price')
    .description('what a call costs by the deck in force, and which entry says so')
    .argument('<number>', 'E.164 number, NEO address, in: (from the PSTN) or sms: (a message)', toDestination)
    .option('--provider <address>', 'of which provider; left out: the account of --wallet', toAddress)
    .option('--minutes <n>', 'how long it lasts, e.g. 2.5', toMinutes, '1')
    .addHelpText('after', examples('tariff price +31201234567 --provider NcTk5o4W4fCFMnhPLMHbEBWcJ5bGBPWbnq'))
    .action(act(showPrice));
}
