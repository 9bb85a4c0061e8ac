import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { datoshi } from '../types/datoshi.ts';
import { compareDecks } from './deck-diff.ts';
import { indexDeck } from './deck-index.ts';
import type { DeckEntry } from './rate-deck.ts';

const entry = (prefix: string, rate = 1n, fee = 0n, initial = 60, next = 60): DeckEntry => ({
  prefix,
  ratePerSecond: datoshi(rate),
  feePerCall: datoshi(fee),
  initialIncrement: initial,
  increment: next,
});
const kindsOf = (before: DeckEntry[] | null, after: DeckEntry[]) =>
  compareDecks(before && { entries: before }, { entries: after }).map(({ prefix, price, hasOtherIncrements }) =>
    [prefix, price, hasOtherIncrements && 'increments'].filter(Boolean).join(' '),
  );

describe('from one deck to another', () => {
  test('each way in which a price changes has its name', () => {
    const before = [
      entry('+1', 5n),
      entry('+2', 5n),
      entry('+3', 5n),
      entry('+4', 5n),
      entry('+5', 5n, 1n),
      entry('+6'),
    ];
    const after = [
      entry('+1', 6n),
      entry('+2', 4n),
      entry('+4', 5n, 0n, 1, 1),
      entry('+5', 4n, 2n),
      entry('+6'),
      entry('+7'),
    ];
    expect(kindsOf(before, after)).toEqual([
      '+1 dearer',
      '+2 cheaper',
      '+3 gone',
      '+4 same increments',
      '+5 mixed',
      '+7 new',
    ]);
    expect(kindsOf([entry('+1', 5n)], [entry('+1', 6n, 0n, 1, 1)])).toEqual(['+1 dearer increments']);
  });

  test('prices count, not entries', () => {
    expect(kindsOf([entry('+31')], [entry('+31'), entry('+3120')])).toEqual([]);
    expect(kindsOf([entry('+31'), entry('+3120', 9n)], [entry('+31')])).toEqual(['+3120 cheaper']);
    expect(kindsOf([entry('')], [entry('+31', 2n)])).toEqual(['gone', '+31 dearer']);
    expect(kindsOf([entry('+31', 1n)], [entry('', 2n)])).toEqual(['+31 dearer', 'new']);
  });

  test('calls beside E.164 are free without an entry', () => {
    expect(kindsOf([entry('in:', 1n)], [entry('neo:', 2n), entry('sms:', 0n, 0n)])).toEqual([
      'in: cheaper',
      'neo: dearer',
    ]);
  });

  test('without a deck before, all is new', () => {
    expect(kindsOf(null, [entry('+31'), entry('neo:'), entry('')])).toEqual(['+31 new', 'neo: new', 'new']);
  });

  test('any number has the change that its longest prefix of both decks shows, and none where that shows none', () => {
    const prefix = fc.oneof(fc.constant(''), fc.stringMatching(/^\+[1-2][1-2]{0,4}$/));
    const deck = fc.uniqueArray(
      fc.record({ prefix, rate: fc.bigInt(0n, 2n), fee: fc.bigInt(0n, 1n), next: fc.constantFrom(1, 60) }),
      { selector: (each) => each.prefix, maxLength: 12 },
    );
    const number = fc.stringMatching(/^\+[1-3][1-3]{0,6}$/);
    const entries = (each: { prefix: string; rate: bigint; fee: bigint; next: number }[]) =>
      each.map(({ prefix: own, rate, fee, next }) => entry(own, rate, fee, 60, next));
    fc.assert(
      fc.property(deck.map(entries), deck.map(entries), number, (before, after, asked) => {
        const at = { kind: 'number', number: asked } as const;
        const [old, now] = [before, after].map((each) => {
          const found = indexDeck({ entries: each }).find(at);
          return found === 'free' ? null : found;
        });
        const changes = compareDecks({ entries: before }, { entries: after });
        const [longest] = [...before, ...after]
          .map((each) => each.prefix)
          .filter((each) => asked.startsWith(each))
          .sort((a, b) => b.length - a.length);
        const change = changes.find((each) => each.prefix === longest);
        if (change) expect([change.before, change.after]).toEqual([old, now]);
        else expect(old?.terms).toEqual(now?.terms);
      }),
      { numRuns: 2_000 },
    );
  });
});
