import type { DeckPrice } from '../../protocol/call/call-price.ts';
import { type DeckInForce, deckInForce, type SetDeck } from '../../protocol/call/deck-in-force.ts';
import { type DeckIndex, indexDeck } from '../../protocol/call/deck-index.ts';
import type { Destination } from '../../protocol/call/destination.ts';
import { canonicalRateDeck, type RateDeck, rateDeckHash, rateDeckSchema } from '../../protocol/call/rate-deck.ts';
import type { Hex } from '../../protocol/types/bytes.ts';
import type { Store } from './store.ts';

/** The provider's own rate decks: the documents, and which hash was set on chain when. */

/** Keeps the document; it prices calls from the moment at which its hash stands on chain. */
export function keepDeck(store: Store, document: unknown): { hash: Hex; deck: RateDeck } {
  const deck = rateDeckSchema.parse(document);
  const canonical = canonicalRateDeck(document as Parameters<typeof canonicalRateDeck>[0]);
  const hash = rateDeckHash(canonical);
  store
    .prepare('insert into decks values (?, ?, ?) on conflict do nothing')
    .run(hash, Date.parse(deck.effectiveFrom), canonical);
  return { hash, deck };
}

/** Notes a hash as the chain says it; the same one again, where blocks are read anew, is the one that stands last. */
export function noteDeckSet(store: Store, hash: Hex, at: Date): void {
  if (lastSet(store) === hash) return;
  store.prepare('insert into deck_sets (hash, set_at) values (?, ?)').run(hash, at.getTime());
}

/** Stands for decks whose setting was not followed here: no document has this hash. */
const UNKNOWN_DECK = `0x${'0'.repeat(64)}` as Hex;

/** Notes the hash that stands on chain where blocks before it were not followed: which decks were set before is not known. */
export function noteDeckFound(store: Store, hash: Hex, deployedAt: Date): void {
  if (lastSet(store) === hash) return;
  for (const each of [UNKNOWN_DECK, hash]) noteDeckSet(store, each, deployedAt);
}

const lastSet = (store: Store) => store.prepare('select hash from deck_sets order by place desc limit 1').get()?.hash;

/** Null: there is none, or it is not known which one. */
export const knownHash = (deck: DeckInForce): Hex | null =>
  deck.kind === 'none' || deck.hash === UNKNOWN_DECK ? null : deck.hash;

function setDecks(store: Store): SetDeck[] {
  const rows = store
    .prepare('select hash, set_at, effective_from from deck_sets left join decks using (hash) order by place')
    .all();
  return rows.map(({ hash, set_at, effective_from }) => ({
    hash: hash as Hex,
    setAt: new Date(Number(set_at)),
    effectiveFrom: effective_from === null ? null : new Date(Number(effective_from)),
  }));
}

export type Decks = {
  inForce(at: Date): DeckInForce;
  price(destination: Destination, at: Date): DeckPrice;
};

/** Decks by their hash, ready for look-ups: the one in force, and the one before it. */
const MAX_INDEXED = 2;

export function createDecks(store: Store): Decks {
  const indexed = new Map<Hex, DeckIndex>();

  function indexOf(hash: Hex): DeckIndex {
    const found = indexed.get(hash);
    if (found) return found;
    const row = store.prepare('select document from decks where hash = ?').get(hash);
    const index = indexDeck(rateDeckSchema.parse(JSON.parse(String(row?.document))));
    const [oldest] = indexed.keys();
    if (oldest !== undefined && indexed.size >= MAX_INDEXED) indexed.delete(oldest);
    indexed.set(hash, index);
    return index;
  }

  const inForce = (at: Date) => deckInForce(setDecks(store), at);
  return {
    inForce,
    price: (destination, at) => {
      const found = inForce(at);
      if (found.kind === 'none') return { kind: 'noDeck' };
      if (found.kind === 'missing') return { kind: 'deckMissing', tariffHash: found.hash };
      const entry = indexOf(found.hash).find(destination);
      if (entry === null) return { kind: 'noTariff', tariffHash: found.hash };
      if (entry === 'free') return { kind: 'free', tariffHash: found.hash };
      return { kind: 'entry', terms: entry.terms, entry: entry.prefix, tariffHash: found.hash };
    },
  };
}
