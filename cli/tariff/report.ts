import { warningsOf } from '../../protocol/call/rate-deck.ts';
import { table } from '../print.ts';
import { visible } from './cells.ts';
import { type Changes, changeLines } from './changes.ts';
import type { HashedDeck } from './deck-file.ts';
import type { InForce } from './in-force.ts';
import { ROUNDING_BOUND } from './money.ts';
import type { DeckOfCsv } from './read-deck.ts';

/** What a command says of a deck, for programs. */
export function factsOf({ deck, hash }: HashedDeck, now = new Date()) {
  const { provider, effectiveFrom, entries } = deck;
  return { provider, entries: entries.length, effectiveFrom, hash, warnings: warningsOf(deck, now) };
}

/** The same for a person. */
export const factFields = (facts: ReturnType<typeof factsOf>): Record<string, string | number> => ({
  provider: facts.provider,
  entries: facts.entries,
  'takes effect': facts.effectiveFrom,
  hash: facts.hash,
});

/** What import has to say beside the deck, for programs. */
export const importFacts = ({ lines, unused, roundings, roundingCount }: DeckOfCsv) => ({
  lines,
  unusedColumns: unused,
  roundings,
  roundingCount,
});

/** The same for a person, only where there is something to say. */
export function importLines({ unused, roundings, roundingCount }: DeckOfCsv): string[] {
  const rest = roundingCount - roundings.length;
  return [
    ...(unused.length > 0 ? ['', `columns that were not used: ${unused.map(visible).join(', ')}`] : []),
    ...(roundingCount === 0
      ? []
      : [
          '',
          `${roundingCount === 1 ? '1 price was' : `${roundingCount} prices were`} changed by more than 1 in ${ROUNDING_BOUND} by rounding to whole datoshi:`,
          ...table(
            ['  line', 'prefix', 'what', 'exactly', 'rounded'],
            roundings.map(({ line, prefix, what, exact, datoshi }) => [
              `  ${line}`,
              prefix,
              what === 'rate' ? 'datoshi a second' : 'datoshi a call',
              exact,
              String(datoshi),
            ]),
            '',
          ),
          ...(rest > 0 ? [`  … and ${rest} more`] : []),
        ]),
  ];
}

export const warningLines = (warnings: readonly string[]): string[] => warnings.map((warning) => `note: ${warning}`);

/** With which deck a file is compared, for programs. */
export const comparedWith = (inForce: InForce) =>
  inForce && {
    hash: inForce.set.hash,
    entries: inForce.set.entries,
    effectiveFrom: inForce.set.effectiveFrom,
    isKnown: inForce.known !== null,
  };

/** What changes against the deck in force, for a person. */
export function comparisonLines(inForce: InForce, changes: Changes): string[] {
  const base =
    inForce === null ? 'no deck is in force yet: all prices are new' : `the deck in force is ${inForce.set.hash}`;
  const unknown = inForce !== null && inForce.known === null;
  return [
    '',
    unknown ? `${base}, which nobody has handed in: there is nothing to compare with` : base,
    ...(changeLines(changes).length === 0 ? ['no price changes'] : changeLines(changes)),
  ];
}
