import { type DeckEntry, MAX_DESCRIPTION } from '../../protocol/call/rate-deck.ts';
import { datoshi } from '../../protocol/types/datoshi.ts';
import { type Cells, cellsOf, type Fault } from './cells.ts';
import type { Layout } from './columns.ts';
import type { Currency } from './currency.ts';
import { readDate } from './dates.ts';
import { createDecimalReader, type Rational } from './decimal.ts';
import { unescapeFormula } from './formula.ts';
import type { ImportOptions } from './import-options.ts';
import { type Increments, readIncrements, readSeconds } from './increments.ts';
import { type Converted, SECONDS_PER_MINUTE, toDatoshi, toDatoshiPerSecond } from './money.ts';
import { readAreas, readPrefixes } from './prefixes.ts';
import { isBad, type Read } from './read.ts';

/** One entry for each prefix of a line. */
export type Line = {
  entries: DeckEntry[];
  effectiveFrom: string | null;
  rate: Converted;
  fee: Converted | null;
};

export type LineReader = (values: readonly string[], line: number) => Line | { faults: Fault[] };

type Decimals = (cells: Cells, field: 'rate per minute' | 'rate per second' | 'connect fee') => Rational | null;

/** Reads the lines of one file, in their order. */
export function createLineReader(layout: Layout, options: ImportOptions, currency: Currency): LineReader {
  const readDecimal = createDecimalReader(options.decimal);
  const decimals: Decimals = (cells, field) => cells.take(field, readDecimal(cells.text(field), cells.line));
  return (values, line) => {
    const misfit = checkWidth(values, layout.width);
    if (misfit) return { faults: [{ line, column: '', ...misfit }] };
    const cells = cellsOf(layout, values, line);
    const prefixes = takePrefixes(cells);
    const description = takeDescription(cells);
    const rate = takeRate(cells, decimals, currency);
    const fee = takeFee(cells, decimals, currency);
    const increments = takeIncrements(cells, options.increments);
    const effectiveFrom = options.effectiveFrom ?? takeDate(cells, options);
    if (cells.has('currency')) cells.take('currency', currency.check(cells.text('currency')));
    if (cells.faults.length > 0 || !prefixes || !rate || !increments) return { faults: cells.faults };
    const entries = prefixes.map((prefix) => ({
      prefix,
      ratePerSecond: datoshi(rate.datoshi),
      feePerCall: datoshi(fee?.datoshi ?? 0n),
      initialIncrement: increments.initial,
      increment: increments.next,
      ...(description && { description }),
    }));
    return { entries, effectiveFrom, rate, fee };
  };
}

/** A line that is cut off, or has a delimiter too many in its middle; empty cells at its end do no harm. */
function checkWidth(values: readonly string[], width: number): { value: string; expected: string } | null {
  if (values.length >= width && values.slice(width).every((value) => value.trim() === '')) return null;
  return { value: `${values.length} columns`, expected: `expected ${width} columns, as the headers have` };
}

function takePrefixes(cells: Cells): string[] | null {
  if (cells.has('prefix')) return cells.take('prefix', readPrefixes(cells.text('prefix')));
  const [country, areas] = [cells.text('country code'), cells.text('area codes')];
  const isBadCountry = isBad(readAreas(country, ''));
  return cells.take(isBadCountry ? 'country code' : 'area codes', readAreas(country, areas));
}

function takeRate(cells: Cells, decimals: Decimals, { gasPrice }: Currency): Converted | null {
  const field = cells.has('rate per minute') ? 'rate per minute' : 'rate per second';
  const amount = decimals(cells, field);
  const seconds = field === 'rate per minute' ? SECONDS_PER_MINUTE : 1n;
  return amount && cells.take(field, toDatoshiPerSecond(amount, seconds, gasPrice));
}

/** Carriers leave the cell empty where there is none. */
function takeFee(cells: Cells, decimals: Decimals, { gasPrice }: Currency): Converted | null {
  if (cells.text('connect fee') === '') return null;
  const amount = decimals(cells, 'connect fee');
  return amount && cells.take('connect fee', toDatoshi(amount, gasPrice));
}

function takeIncrements(cells: Cells, otherwise: Increments | null): Increments | null {
  const [both, first, next] = [cells.text('increments'), cells.text('initial increment'), cells.text('next increment')];
  if (otherwise && both + first + next === '') return otherwise;
  if (cells.has('increments')) return cells.take('increments', readIncrements(both));
  const seconds = [
    cells.take('initial increment', readSeconds(first)),
    cells.take('next increment', readSeconds(next)),
  ] as const;
  return seconds[0] && seconds[1] ? { initial: seconds[0], next: seconds[1] } : null;
}

function takeDate(cells: Cells, { dates }: ImportOptions): string | null {
  const text = cells.text('effective date');
  return text === '' ? null : cells.take('effective date', readDate(text, dates));
}

function takeDescription(cells: Cells): string | null {
  const value = unescapeFormula(cells.raw('description'));
  const read: Read<string> =
    value.length <= MAX_DESCRIPTION ? { value } : { expected: `expected at most ${MAX_DESCRIPTION} characters` };
  return cells.take('description', read);
}
