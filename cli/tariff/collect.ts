import { type DeckEntry, MAX_ENTRIES } from '../../protocol/call/rate-deck.ts';
import type { Fault } from './cells.ts';
import type { Field } from './column-names.ts';
import { inDecimals } from './decimal.ts';
import { writePrefix } from './prefixes.ts';
import type { Line } from './read-line.ts';

/** A price that rounding changed by more than ROUNDING_BOUND. */
export type Rounding = { line: number; prefix: string; what: 'rate' | 'fee'; exact: string; datoshi: bigint };

export type Collected = {
  entries: DeckEntry[];
  effectiveFrom: string;
  /** The first ones, and how many there are in all. */
  roundings: Rounding[];
  roundingCount: number;
};
export type Faults = { faults: Fault[]; faultCount: number };

/** Who mends these sees the rest at the next try. */
const MAX_FAULTS = 100;
const MAX_ROUNDINGS = 20;

export type Collector = {
  add(line: Line, number: number): void;
  fault(...faults: Fault[]): void;
  /** No line can make the file good again, or worth reading on. */
  isFull(): boolean;
  end(): Collected | Faults;
};

type CollectorOptions = {
  effectiveFrom: string | null;
  now: Date;
  /** What the file calls a column. */
  nameOf(field: Field): string;
};

/** Puts the lines of a file together; what it keeps is bounded by what a deck may hold. */
export function createCollector(options: CollectorOptions): Collector {
  const { nameOf } = options;
  const entries: DeckEntry[] = [];
  const lineOf = new Map<string, number>();
  const faults: Fault[] = [];
  const roundings: Rounding[] = [];
  let [faultCount, roundingCount, isFull] = [0, 0, false];
  const now = options.now.toISOString();
  let latest: string | null = null;
  let ahead: { date: string; line: number } | null = null;

  function fault(...found: Fault[]): void {
    faultCount += found.length;
    faults.push(...found.slice(0, MAX_FAULTS - faults.length));
  }

  function addEntry(entry: DeckEntry, line: number): void {
    const earlier = lineOf.get(entry.prefix);
    const prefix = writePrefix(entry.prefix);
    if (earlier !== undefined) {
      const expected = `expected each prefix once: it stands in line ${earlier} already`;
      fault({ line, column: nameOf('prefix'), value: prefix, expected });
      return;
    }
    if (lineOf.size === MAX_ENTRIES) {
      isFull = true;
      fault({
        line,
        column: nameOf('prefix'),
        value: prefix,
        expected: `expected at most ${MAX_ENTRIES} prefixes in a file`,
      });
      return;
    }
    lineOf.set(entry.prefix, line);
    entries.push(entry);
  }

  function addRoundings({ entries: [first], rate, fee }: Line, line: number): void {
    for (const [what, converted] of [['rate', rate] as const, ['fee', fee] as const]) {
      if (!converted?.isFarOff || !first) continue;
      roundingCount += 1;
      if (roundings.length === MAX_ROUNDINGS) continue;
      const exact = inDecimals(converted.exact, 4);
      roundings.push({ line, prefix: writePrefix(first.prefix), what, exact, datoshi: converted.datoshi });
    }
  }

  /**
   * The deck takes effect at the latest date of its lines: lines of the past are in force already, and stay so. Two
   * dates that lie ahead are two decks.
   */
  function addDate(date: string, line: number): void {
    if (latest === null || date > latest) latest = date;
    if (date <= now) return;
    ahead ??= { date, line };
    if (ahead.date === date) return;
    const expected = `expected ${ahead.date} as in line ${ahead.line}: make a file of each date, or give --effective-from`;
    fault({ line, column: nameOf('effective date'), value: date, expected });
  }

  return {
    add: (read, line) => {
      for (const entry of read.entries) if (!isFull) addEntry(entry, line);
      addRoundings(read, line);
      if (read.effectiveFrom !== null && options.effectiveFrom === null) addDate(read.effectiveFrom, line);
    },
    fault,
    isFull: () => isFull,
    end: () => {
      if (faultCount === 0 && entries.length === 0)
        fault({ line: 1, column: '', value: '', expected: 'expected lines with prices below the headers' });
      if (faultCount > 0) return { faults, faultCount };
      const effectiveFrom = options.effectiveFrom ?? latest ?? `${now.slice(0, 19)}.000Z`;
      return { entries, effectiveFrom, roundings, roundingCount };
    },
  };
}
