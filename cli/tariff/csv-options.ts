import { type Command, InvalidArgumentError, Option } from 'commander';
import type { Address } from '../../protocol/types/address.ts';
import { toAddress, toCount } from '../arguments.ts';
import { type Field, fields } from './column-names.ts';
import { type DateOrder, readDate } from './dates.ts';
import { createDecimalReader, type Rational } from './decimal.ts';
import type { ImportOptions } from './import-options.ts';
import { type Increments, readIncrements } from './increments.ts';
import { isBad } from './read.ts';
import type { CsvForm } from './read-csv.ts';

/** As commander hands them over. */
export type CsvOptions = {
  provider?: Address;
  gasPrice?: Rational;
  columns?: ReadonlyMap<Field, string>;
  increments?: Increments;
  decimal?: 'point' | 'comma';
  dates?: DateOrder;
  effectiveFrom?: string;
  delimiter?: string;
  encoding: string;
  skipLines: number;
};

const MAX_SKIPPED = 1_000;

/** How a CSV is to be read, where it does not say so itself. */
export function addCsvOptions(command: Command): Command {
  return command
    .option('--provider <address>', 'whose deck it is; left out: the account of --wallet', toAddress)
    .option('--gas-price <price>', 'how much of the money of the file buys one GAS; 1: it is in GAS', toGasPrice)
    .option(
      '--columns <field=column,…>',
      `which column is what, by its header or as #2: ${fields.join(', ')}`,
      toColumns,
    )
    .option('--increments <initial/next>', 'seconds, for lines that have none, e.g. 60/60', toIncrements)
    .addOption(new Option('--decimal <mark>', 'the decimal mark; left out: as found').choices(['point', 'comma']))
    .addOption(new Option('--dates <order>', 'of 01/02/2026: the day or the month first').choices(['dmy', 'mdy']))
    .option(
      '--effective-from <time>',
      'from when on it counts, in UTC; left out: the dates of the file, else now',
      toTime,
    )
    .option('--delimiter <character>', 'between columns: a character, or tab; left out: as found', toDelimiter)
    .addOption(
      new Option('--encoding <name>', 'of the file').choices(['utf-8', 'windows-1252', 'utf-16le']).default('utf-8'),
    )
    .option('--skip-lines <n>', 'so many lines stand above the headers', toCount('lines', 0, MAX_SKIPPED), 0);
}

const decimalMarks = { point: '.', comma: ',' } as const;

export const importOptionsOf = (given: CsvOptions): ImportOptions => ({
  gasPrice: given.gasPrice ?? null,
  columns: given.columns ?? new Map(),
  increments: given.increments ?? null,
  decimal: given.decimal ? decimalMarks[given.decimal] : null,
  dates: given.dates ?? null,
  effectiveFrom: given.effectiveFrom ?? null,
});

export const formOf = ({ delimiter, skipLines }: CsvOptions): CsvForm => ({ delimiter: delimiter ?? null, skipLines });

function toGasPrice(text: string): Rational {
  const read = createDecimalReader('.')(text, 0);
  if (isBad(read) || read.value.numerator === 0n)
    throw new InvalidArgumentError('expected a price above 0, with a decimal point, e.g. 4.25');
  return read.value;
}

/** Given several times, they add up. */
function toColumns(text: string, earlier: ReadonlyMap<Field, string> = new Map()): ReadonlyMap<Field, string> {
  const columns = new Map(earlier);
  for (const pair of text.split(',')) {
    const [, name = '', column = ''] = /^([^=]+)=(.+)$/.exec(pair) ?? [];
    const field = fields.find((each) => each === name.trim().replaceAll('-', ' '));
    if (!field || column === '')
      throw new InvalidArgumentError(`'${pair}': expected <field>=<column> with one of ${fields.join(', ')}`);
    if (columns.has(field)) throw new InvalidArgumentError(`expected one column for the ${field}`);
    columns.set(field, column.trim());
  }
  return columns;
}

function toIncrements(text: string): Increments {
  const read = readIncrements(text);
  if (isBad(read)) throw new InvalidArgumentError(read.expected);
  return read.value;
}

function toTime(text: string): string {
  const read = readDate(text, null);
  if (isBad(read)) throw new InvalidArgumentError(read.expected);
  return read.value;
}

function toDelimiter(text: string): string {
  if (text === 'tab' || text === '\\t') return '\t';
  if (/^[^\s"\p{L}\p{N}]$/u.test(text) || text === '\t') return text;
  throw new InvalidArgumentError('expected one character, or the word tab');
}
