import type { Address } from '../types/address.ts';
import { freeTerms } from './call-price.ts';
import { type DeckIndex, indexDeck, type PricedEntry } from './deck-index.ts';
import type { Destination } from './destination.ts';
import type { Terms } from './price.ts';
import type { RateDeck } from './rate-deck.ts';

/** What a deck has for a destination: an entry, nothing to pay, or no price at all. */
export type Effective = PricedEntry | 'free' | null;

export type PriceChange = {
  /** What it holds for: each number that begins so, as far as no longer prefix is named. */
  prefix: string;
  before: Effective;
  after: Effective;
  /** `mixed`: rate and fee moved against each other. `same`: only the increments differ. */
  price: 'new' | 'gone' | 'dearer' | 'cheaper' | 'mixed' | 'same';
  hasOtherIncrements: boolean;
};

type Entries = Pick<RateDeck, 'entries'>;

/**
 * What changes for callers from one deck to another, by the prefixes of both. The prices that count are compared, and
 * not the entries: a new `+3120` at the price that `+31` has already changes nothing.
 */
export function compareDecks(before: Entries | null, after: Entries): PriceChange[] {
  const old = indexDeck(before ?? { entries: [] });
  const now = indexDeck(after);
  const prefixes = new Set([...(before?.entries ?? []), ...after.entries].map(({ prefix }) => prefix));
  const changes: PriceChange[] = [];
  for (const prefix of prefixes) {
    const change = changeOf(prefix, before ? find(old, prefix) : null, find(now, prefix));
    if (change) changes.push(change);
  }
  return changes;
}

/** The shortest number, or the other kind of call, that an entry can price. */
function find(index: DeckIndex, prefix: string): Effective {
  return index.find(destinationAt(prefix));
}

/** Which address a call goes to does not count. */
const anyAddress = '' as Address;

function destinationAt(prefix: string): Destination {
  switch (prefix) {
    case 'neo:':
      return { kind: 'neo', address: anyAddress };
    case 'in:':
      return { kind: 'inbound' };
    case 'sms:':
      return { kind: 'message' };
    default:
      return { kind: 'number', number: prefix };
  }
}

function changeOf(prefix: string, before: Effective, after: Effective): PriceChange | null {
  if (before === null && after === null) return null;
  if (before === null) return { prefix, before, after, price: 'new', hasOtherIncrements: false };
  if (after === null) return { prefix, before, after, price: 'gone', hasOtherIncrements: false };
  const [old, now] = [termsOf(before), termsOf(after)];
  const price = comparePrices(old, now);
  const hasOtherIncrements =
    before !== 'free' &&
    after !== 'free' &&
    (old.initialIncrement !== now.initialIncrement || old.increment !== now.increment);
  return price === 'same' && !hasOtherIncrements ? null : { prefix, before, after, price, hasOtherIncrements };
}

const termsOf = (effective: PricedEntry | 'free'): Terms => (effective === 'free' ? freeTerms : effective.terms);

function comparePrices(old: Terms, now: Terms): 'dearer' | 'cheaper' | 'mixed' | 'same' {
  const isDearer = now.ratePerSecond > old.ratePerSecond || now.feePerCall > old.feePerCall;
  const isCheaper = now.ratePerSecond < old.ratePerSecond || now.feePerCall < old.feePerCall;
  if (isDearer && isCheaper) return 'mixed';
  if (isDearer) return 'dearer';
  return isCheaper ? 'cheaper' : 'same';
}
