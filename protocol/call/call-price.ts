import { type Datoshi, datoshi } from '../types/datoshi.ts';
import type { AgreedTerms } from './deck-index.ts';
import type { Terms } from './price.ts';

/** What a provider's decks say of a call: which deck was in force, and what it has for the destination. */
export type DeckPrice =
  | { kind: 'entry'; terms: Terms; entry: string; tariffHash: string }
  /** The deck has no entry for calls of that kind, and such calls cost nothing without one. */
  | { kind: 'free'; tariffHash: string }
  /** The deck has no entry for the destination. */
  | { kind: 'noTariff'; tariffHash: string }
  /** Nobody has handed in the document of the deck that stands on chain. */
  | { kind: 'deckMissing'; tariffHash: string }
  | { kind: 'noDeck' };

/** What a call costs, or why it has no price. */
export type CallPrice =
  /** Without a deck the escrow's own terms are the price: no tariff, no entry. */
  | { kind: 'priced'; terms: Terms; entry: string | null; tariffHash: string | null }
  | Exclude<DeckPrice, { kind: 'entry' | 'noDeck' }>;

export function priceFor(found: DeckPrice, agreed: AgreedTerms): CallPrice {
  if (found.kind === 'entry') return { ...found, kind: 'priced' };
  if (found.kind === 'noDeck') return { kind: 'priced', terms: termsOf(agreed), entry: null, tariffHash: null };
  return found;
}

const termsOf = ({ ratePerSecond, feePerCall, increment }: AgreedTerms): Terms => ({
  ratePerSecond: datoshi(ratePerSecond),
  feePerCall: datoshi(feePerCall),
  initialIncrement: increment,
  increment,
});

/** A call that costs nothing, in the terms of one that does. */
export const freeTerms: Terms = {
  ratePerSecond: 0n as Datoshi,
  feePerCall: 0n as Datoshi,
  initialIncrement: 1,
  increment: 1,
};
