import { destinationOf } from '../../../../protocol/call/destination.ts';
import { priceOf, type Terms } from '../../../../protocol/call/price.ts';
import type { Datoshi } from '../../../../protocol/types/datoshi.ts';
import type { ProvenDeck } from './deck.ts';

/** What a call costs with a provider, by its deck on the chain. */
export type Quote =
  | { kind: 'price'; terms: Terms; entry: string; seconds: bigint; price: Datoshi }
  | { kind: 'free' }
  /** The deck has no price for it: the provider does not take such calls. */
  | { kind: 'noTariff' }
  /** Nothing is proven: what it costs is what the escrow agrees to. */
  | { kind: 'unknown'; why: Exclude<ProvenDeck['kind'], 'deck'> };

export function quoteOf(proven: ProvenDeck, dest: string, minutes: number): Quote {
  if (proven.kind !== 'deck') return { kind: 'unknown', why: proven.kind };
  const found = proven.index.find(destinationOf({ direction: 'outbound', to: dest }));
  if (found === null) return { kind: 'noTariff' };
  if (found === 'free') return { kind: 'free' };
  const { seconds, price } = priceOf(minutes * 60_000, found.terms);
  return { kind: 'price', terms: found.terms, entry: found.prefix, seconds, price };
}

/** What an escrow has to agree to for a call of these terms: its increment holds for the first step too. */
export function agreementFor(quote: Quote): { ratePerSecond: Datoshi; feePerCall: Datoshi; increment: number } | null {
  if (quote.kind !== 'price') return null;
  const { ratePerSecond, feePerCall, initialIncrement, increment } = quote.terms;
  return { ratePerSecond, feePerCall, increment: Math.max(initialIncrement, increment) };
}
