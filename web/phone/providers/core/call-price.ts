import { lookUpOf } from '../../../../protocol/call/deck-index.ts';
import type { Destination } from '../../../../protocol/call/destination.ts';
import type { Terms } from '../../../../protocol/call/price.ts';
import type { Price } from '../../telephone/needs.ts';
import type { ProvenDeck } from './deck.ts';

/** By the deck on the chain; where there is none the escrow's own terms are the price. */
export function priceBy(proven: ProvenDeck, destination: Destination, own: Terms | null): Price {
  if (proven.kind === 'none') {
    if (lookUpOf(destination).orElse === 'free') return { kind: 'free' };
    return own ? { kind: 'priced', terms: own, entry: null } : { kind: 'unknown', reason: 'noTariff' };
  }
  if (proven.kind !== 'deck') return { kind: 'unknown', reason: 'deckMissing' };
  const found = proven.index.find(destination);
  if (found === null) return { kind: 'unknown', reason: 'noTariff' };
  return found === 'free' ? { kind: 'free' } : { kind: 'priced', terms: found.terms, entry: found.prefix };
}
