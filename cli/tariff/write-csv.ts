import type { DeckEntry, RateDeck } from '../../protocol/call/rate-deck.ts';
import { formatGas } from '../../protocol/types/datoshi.ts';
import { escapeFormula } from './formula.ts';
import { SECONDS_PER_MINUTE } from './money.ts';
import { writePrefix } from './prefixes.ts';

/** As import knows them; the money says what it is, so that nobody converts it a second time. */
const headers = [
  'prefix',
  'description',
  'rate per minute (GAS)',
  'connect fee (GAS)',
  'initial increment',
  'next increment',
  'effective date',
];

/** A deck as lines of a CSV (RFC 4180). A minute's rate is 60 times the deck's, so that nothing is rounded. */
export function* csvLines({ entries, effectiveFrom }: Pick<RateDeck, 'entries' | 'effectiveFrom'>): Generator<string> {
  yield lineOf(headers);
  for (const entry of entries) yield lineOf([...cellsOf(entry), effectiveFrom]);
}

const cellsOf = (entry: DeckEntry): string[] => [
  writePrefix(entry.prefix),
  escapeFormula(entry.description ?? ''),
  formatGas(entry.ratePerSecond * SECONDS_PER_MINUTE),
  formatGas(entry.feePerCall),
  String(entry.initialIncrement),
  String(entry.increment),
];

const lineOf = (cells: readonly string[]): string => `${cells.map(quoted).join(',')}\r\n`;

const quoted = (cell: string): string => (/["\r\n,;|\t]|^\s|\s$/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell);
