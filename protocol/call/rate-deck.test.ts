import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createKey } from '../sign/key.ts';
import type { Hex } from '../types/bytes.ts';
import { datoshi } from '../types/datoshi.ts';
import { deckInForce, type SetDeck } from './deck-in-force.ts';
import { indexDeck, isWithin } from './deck-index.ts';
import { type Destination, destinationOf } from './destination.ts';
import { canonicalRateDeck, rateDeckHash, rateDeckSchema, warningsOf } from './rate-deck.ts';

const { address } = createKey();
const entry = (prefix: string, rate = 1) => ({
  prefix,
  ratePerSecond: String(rate),
  feePerCall: '0',
  initialIncrement: 60,
  increment: 6,
});
const document = (...entries: ReturnType<typeof entry>[]) => ({
  version: 1 as const,
  provider: address,
  effectiveFrom: '2026-01-01T00:00:00.000Z',
  entries,
});
const hashOf = (deck: ReturnType<typeof document>) => rateDeckHash(canonicalRateDeck(deck));
const index = (...entries: ReturnType<typeof entry>[]) => indexDeck(rateDeckSchema.parse(document(...entries)));

describe('a destination', () => {
  test.each<[string, string, Destination]>([
    ['outbound', '+31201234567', { kind: 'number', number: '+31201234567' }],
    ['outbound', 'sip:+31201234567@example.org;user=phone', { kind: 'number', number: '+31201234567' }],
    ['outbound', 'tel:+31-20-123.4567;ext=1', { kind: 'number', number: '+31201234567' }],
    ['outbound', address, { kind: 'neo', address }],
    ['outbound', `sips:${address}@example.org:5061`, { kind: 'neo', address }],
    ['outbound', 'sms:+31612345678', { kind: 'message' }],
    ['inbound', 'sms:+31612345678', { kind: 'message' }],
    ['inbound', '+31201234567', { kind: 'inbound' }],
    ['outbound', 'sip:bob@example.org', { kind: 'other' }],
    ['outbound', '0201234567', { kind: 'other' }],
    ['outbound', '+0201234567', { kind: 'other' }],
    ['outbound', `+${'1'.repeat(16)}`, { kind: 'other' }],
    ['outbound', `${address.slice(0, -1)}0`, { kind: 'other' }],
  ])('%s to %s', (direction, to, expected) => {
    expect(destinationOf({ direction, to })).toEqual(expected);
  });
});

describe('a deck finds', () => {
  const deck = index(
    entry('', 1),
    entry('+3', 2),
    entry('+31', 3),
    entry('+3120', 4),
    entry('neo:', 5),
    entry('in:', 6),
  );
  const rateOf = (to: string, direction = 'outbound') => {
    const found = deck.find(destinationOf({ direction, to }));
    return found === null || found === 'free' ? found : [found.prefix, Number(found.terms.ratePerSecond)];
  };

  test('the longest prefix; the default for numbers alone; what it does not price beside E.164 is free', () => {
    expect(rateOf('+31201234567')).toEqual(['+3120', 4]);
    expect(rateOf('+31301234567')).toEqual(['+31', 3]);
    expect(rateOf('+3')).toEqual(['+3', 2]);
    expect(rateOf('+49301234567')).toEqual(['', 1]);
    expect(rateOf(address)).toEqual(['neo:', 5]);
    expect(rateOf('+31201234567', 'inbound')).toEqual(['in:', 6]);
    expect(rateOf('sms:+31612345678')).toBe('free');
    expect(rateOf('sip:bob@example.org')).toBeNull();
    expect(index(entry('+31')).find({ kind: 'number', number: '+491' })).toBeNull();
    expect(index(entry('')).find({ kind: 'neo', address })).toBe('free');
  });

  test('what a plain search over all entries finds', () => {
    const prefix = fc.oneof(fc.constant(''), fc.stringMatching(/^\+[1-3][1-3]{0,6}$/));
    const number = fc.stringMatching(/^\+[1-3][1-3]{0,9}$/);
    fc.assert(
      fc.property(fc.uniqueArray(prefix, { minLength: 1, maxLength: 60 }), number, (prefixes, wanted) => {
        const [longest] = prefixes.filter((each) => wanted.startsWith(each)).sort((a, b) => b.length - a.length);
        const found = index(...prefixes.map((each) => entry(each))).find({ kind: 'number', number: wanted });
        expect(found === null || found === 'free' ? undefined : found.prefix).toBe(longest);
      }),
      { numRuns: 2_000 },
    );
  });

  test('terms that exceed what was agreed in no respect', () => {
    const agreed = { ratePerSecond: 5n, feePerCall: 3n, increment: 60 };
    const terms = { ratePerSecond: datoshi(5n), feePerCall: datoshi(3n), initialIncrement: 60, increment: 60 };
    expect(isWithin(terms, agreed)).toBe(true);
    expect(isWithin({ ...terms, ratePerSecond: datoshi(6n) }, agreed)).toBe(false);
    expect(isWithin({ ...terms, feePerCall: datoshi(4n) }, agreed)).toBe(false);
    expect(isWithin({ ...terms, initialIncrement: 61 }, agreed)).toBe(false);
    expect(isWithin({ ...terms, increment: 61 }, agreed)).toBe(false);
  });
});

describe('a document', () => {
  test('has a hash that does not depend on the order of its fields', () => {
    const deck = document(entry('+31'), entry(''));
    const turned = Object.fromEntries(Object.entries(deck).reverse()) as typeof deck;
    expect(hashOf(turned)).toBe(hashOf(deck));
    expect(hashOf(document(entry(''), entry('+31')))).not.toBe(hashOf(deck));
  });

  test.each<[string, unknown, string]>([
    ['a prefix of another form', document(entry('0031')), 'entries.0.prefix'],
    ['a prefix twice', document(entry('+31'), entry('+32'), entry('+31')), 'entries.2.prefix'],
    ['a rate below 0', document({ ...entry('+31'), ratePerSecond: '-1' }), 'entries.0.ratePerSecond'],
    ['a fee with a fraction', document({ ...entry('+31'), feePerCall: '0.5' }), 'entries.0.feePerCall'],
    ['an increment of 0', document({ ...entry('+31'), increment: 0 }), 'entries.0.increment'],
    ['an increment over an hour', document({ ...entry('+31'), initialIncrement: 3601 }), 'entries.0.initialIncrement'],
    ['no entry', document(), 'entries'],
    ['a day that is none', { ...document(entry('')), effectiveFrom: '2026-02-30T00:00:00.000Z' }, 'effectiveFrom'],
    ['another version', { ...document(entry('')), version: 2 }, 'version'],
    ['a mistyped field', { ...document(entry('')), entires: [] }, ''],
  ])('with %s is refused at its place', (_, deck, path) => {
    const { error } = rateDeckSchema.safeParse(deck);
    expect(error?.issues.map((issue) => issue.path.join('.'))).toEqual([path]);
  });
});

describe('the deck in force', () => {
  const at = (seconds: number) => new Date(seconds * 1000);
  const set = (hash: string, setAt: number, effectiveFrom: number | null): SetDeck => ({
    hash: hash as Hex,
    setAt: at(setAt),
    effectiveFrom: effectiveFrom === null ? null : at(effectiveFrom),
  });

  test('is the one that was set last, of those that are effective', () => {
    const decks = [set('0xa', 10, 0), set('0xb', 20, 50), set('0xc', 30, 30)];
    expect(deckInForce(decks, at(9))).toEqual({ kind: 'none' });
    expect(deckInForce(decks, at(10))).toEqual({ kind: 'deck', hash: '0xa' });
    expect(deckInForce(decks, at(29))).toEqual({ kind: 'deck', hash: '0xa' });
    expect(deckInForce(decks, at(30))).toEqual({ kind: 'deck', hash: '0xc' });
    expect(deckInForce(decks, at(60))).toEqual({ kind: 'deck', hash: '0xc' }); // 0xb was set earlier
    expect(deckInForce([...decks, set('0xa', 70, 0)], at(70))).toEqual({ kind: 'deck', hash: '0xa' });
  });

  test('is not known while the document of a later one is missing', () => {
    const decks = [set('0xa', 10, 0), set('0xb', 20, null)];
    expect(deckInForce(decks, at(19))).toEqual({ kind: 'deck', hash: '0xa' });
    expect(deckInForce(decks, at(20))).toEqual({ kind: 'missing', hash: '0xb' });
  });
});

test('what a provider may have overlooked is told', () => {
  const warn = (...entries: ReturnType<typeof entry>[]) =>
    warningsOf(rateDeckSchema.parse(document(...entries)), new Date('2026-01-01T00:00:00.000Z'));
  expect(warn(entry(''))).toEqual([]);
  expect(warn(entry('+31'), entry('+32', 0))).toEqual([
    expect.stringContaining("no entry with the prefix ''"),
    expect.stringContaining("the first is '+32'"),
  ]);
  const early = warningsOf(rateDeckSchema.parse(document(entry(''))), new Date('2025-12-31T23:59:59.999Z'));
  expect(early).toEqual([expect.stringContaining('it takes effect at 2026-01-01T00:00:00.000Z')]);
});
