import type { Hex } from '../types/bytes.ts';

/** A deck's hash as it was set on chain. */
export type SetDeck = {
  hash: Hex;
  /** Of the block. */
  setAt: Date;
  /** Null where nobody has handed in the document. */
  effectiveFrom: Date | null;
};

/** Which deck prices a call that was answered at a moment. */
export type DeckInForce =
  | { kind: 'deck'; hash: Hex }
  /** The document decides whether it counts already, and nobody has handed it in. */
  | { kind: 'missing'; hash: Hex }
  /** The escrow's own rate, fee and increment are the price. */
  | { kind: 'none' };

/**
 * Among the provider's decks whose hash was set in a block not later than `at`, and whose `effectiveFrom` is not later
 * than `at`, the one that was set last. `decks` come in the order in which they were set.
 */
export function deckInForce(decks: readonly SetDeck[], at: Date): DeckInForce {
  for (const { hash, setAt, effectiveFrom } of decks.toReversed()) {
    if (setAt > at) continue;
    if (effectiveFrom === null) return { kind: 'missing', hash };
    if (effectiveFrom <= at) return { kind: 'deck', hash };
  }
  return { kind: 'none' };
}
