import { expect, test } from 'vitest';
import { canonicalRateDeck, type RateDeckDocument, rateDeckHash } from '../../protocol/call/rate-deck.ts';
import { createKey } from '../../protocol/sign/key.ts';
import { createDecks, keepDeck, knownHash, noteDeckFound, noteDeckSet } from './decks.ts';
import { openStore } from './store.ts';

const provider = createKey().address as string;
const deck = (effectiveFrom: string, ratePerSecond: string): RateDeckDocument => ({
  version: 1,
  provider,
  effectiveFrom,
  entries: [{ prefix: '+31', ratePerSecond, feePerCall: '0', initialIncrement: 1, increment: 1 }],
});
const [old, next] = [deck('2026-01-01T00:00:00.000Z', '5'), deck('2026-06-01T00:00:00.000Z', '7')];
const hashOf = (document: RateDeckDocument) => rateDeckHash(canonicalRateDeck(document));
const [deployedAt, now, later] = [new Date('2025-12-01'), new Date('2026-05-01'), new Date('2026-06-01')];
const call = { kind: 'number', number: '+31201234567' } as const;

function world() {
  const store = openStore(':memory:');
  for (const each of [old, next]) keepDeck(store, each);
  const decks = createDecks(store);
  return { store, decks, price: (at: Date) => decks.price(call, at) };
}

test('a deck that is found on chain, and takes effect later, does not make calls free of the one before it', () => {
  const { store, decks, price } = world();
  noteDeckFound(store, hashOf(next), deployedAt);
  expect(price(now)).toMatchObject({ kind: 'deckMissing' });
  expect(knownHash(decks.inForce(now))).toBeNull();
  expect(price(later)).toMatchObject({ kind: 'entry', tariffHash: hashOf(next) });
});

test('until the one before it is set again', () => {
  const { store, price } = world();
  noteDeckFound(store, hashOf(next), deployedAt);
  noteDeckSet(store, hashOf(old), now);
  noteDeckSet(store, hashOf(next), now);
  expect(price(now)).toMatchObject({ kind: 'entry', tariffHash: hashOf(old) });
  noteDeckFound(store, hashOf(next), deployedAt); // what is known already
  expect(price(now)).toMatchObject({ kind: 'entry', tariffHash: hashOf(old) });
});

test('where none stood on chain, and the first one takes effect later, there is none until then', () => {
  const { store, price } = world();
  noteDeckSet(store, hashOf(next), now);
  expect(price(now)).toEqual({ kind: 'noDeck' });
});
