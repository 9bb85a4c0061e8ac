import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { DeckPrice } from '../protocol/call/call-price.ts';
import { deckInForce } from '../protocol/call/deck-in-force.ts';
import { indexDeck } from '../protocol/call/deck-index.ts';
import { destinationOf } from '../protocol/call/destination.ts';
import type { Hex } from '../protocol/types/bytes.ts';
import { datoshi } from '../protocol/types/datoshi.ts';
import { type Cdr, type Escrow, rate } from './rate.ts';

/**
 * Rating beside a second implementation of settlement.md that shares nothing with it: one that reads the rules word by
 * word, counts seconds one by one and looks at every entry of every deck.
 */

type Entry = { prefix: string; rate: number; fee: number; initial: number; further: number };
type Deck = { hash: Hex; setAt: number; effectiveFrom: number; isHandedIn: boolean; entries: Entry[] };
type Call = { to: string; direction: string; answeredAt: number | null; startedAt: number; endedAt: number };
type Agreed = { rate: number; fee: number; increment: number };

/** Some day's midnight (UTC). */
const midnight = Date.UTC(2027, 0, 1);
const day = 86_400_000;
const escrowTime = { openedAt: midnight - day, endsAt: midnight + day };
const neo = 'NUz6PKTAM7NbPJzkKJFNay3VckQtcDkgWo';

function rateSlowly(call: Call, decks: Deck[], agreed: Agreed): string {
  const moment = call.answeredAt ?? call.startedAt;
  let inForce: Deck | undefined;
  for (const deck of decks) {
    const counts = deck.setAt <= moment && (!deck.isHandedIn || deck.effectiveFrom <= moment);
    if (counts) inForce = deck;
  }
  let entry: Entry | undefined;
  let isFree = call.answeredAt === null;
  if (inForce && !inForce.isHandedIn) {
    if (!isFree) return `deckMissing ${inForce.hash}`;
  } else if (inForce) {
    const kind = kindOf(call);
    for (const each of inForce.entries) {
      const isNumber = each.prefix === '' || each.prefix.startsWith('+');
      const fits = kind === 'number' ? isNumber && call.to.startsWith(each.prefix) : each.prefix === kind;
      if (fits && (!entry || each.prefix.length > entry.prefix.length)) entry = each;
    }
    if (!entry && kind !== 'number' && kind !== 'other') isFree = true;
    if (!entry && !isFree) return 'noTariff';
  } else {
    entry = { prefix: '', rate: agreed.rate, fee: agreed.fee, initial: agreed.increment, further: agreed.increment };
  }
  if (isFree || !entry) return 'rated 0 s 0';
  const isOver =
    entry.rate > agreed.rate ||
    entry.fee > agreed.fee ||
    entry.initial > agreed.increment ||
    entry.further > agreed.increment;
  if (isOver) return 'overAgreedTerms';
  let seconds = entry.initial;
  while (seconds * 1000 < call.endedAt - moment) seconds += entry.further;
  let price = entry.fee;
  for (let second = 0; second < seconds; second += 1) price += entry.rate;
  return `rated ${seconds} s ${price} by ${inForce ? entry.prefix : 'the escrow'}`;
}

function kindOf({ to, direction }: Call): string {
  if (to.startsWith('sms:')) return 'sms:';
  if (direction === 'inbound') return 'in:';
  if (to === neo) return 'neo:';
  return to.startsWith('+') ? 'number' : 'other';
}

/** As the settler does it. */
function rateNow(call: Call, decks: Deck[], agreed: Agreed): string {
  const rating = rate(cdrOf(call), escrowOf(agreed), priceIn(call, decks), new Date(midnight + 2 * day));
  switch (rating.state) {
    case 'deckMissing':
      return `deckMissing ${rating.tariffHash}`;
    case 'rejected':
      return rating.reason;
    case 'wait':
      return 'wait';
    case 'rated': {
      const { billableSeconds, price, explanation } = rating;
      const { entry, tariffHash } = explanation;
      if (billableSeconds === 0n) return `rated 0 s ${price}`;
      return `rated ${billableSeconds} s ${price} by ${tariffHash === null ? 'the escrow' : entry}`;
    }
    default:
      return rating satisfies never;
  }
}

function priceIn(call: Call, decks: Deck[]): DeckPrice {
  const at = new Date(call.answeredAt ?? call.startedAt);
  const found = deckInForce(
    decks.map(({ hash, setAt, effectiveFrom, isHandedIn }) => ({
      hash,
      setAt: new Date(setAt),
      effectiveFrom: isHandedIn ? new Date(effectiveFrom) : null,
    })),
    at,
  );
  if (found.kind === 'none') return { kind: 'noDeck' };
  const tariffHash = found.hash;
  if (found.kind === 'missing') return { kind: 'deckMissing', tariffHash };
  const entries = decks.find(({ hash }) => hash === tariffHash)?.entries ?? [];
  const priced = indexDeck({ entries: entries.map(deckEntryOf) }).find(destinationOf(call));
  if (priced === 'free') return { kind: 'free', tariffHash };
  if (priced === null) return { kind: 'noTariff', tariffHash };
  return { kind: 'entry', terms: priced.terms, entry: priced.prefix, tariffHash };
}

const deckEntryOf = ({ prefix, rate, fee, initial, further }: Entry) => ({
  prefix,
  ratePerSecond: datoshi(BigInt(rate)),
  feePerCall: datoshi(BigInt(fee)),
  initialIncrement: initial,
  increment: further,
});

const cdrOf = ({ to, direction, answeredAt, startedAt, endedAt }: Call): Cdr => ({
  id: 1n,
  provider: 'provider' as never,
  callId: 'call',
  escrowId: 1n,
  user: 'user' as never,
  direction: direction as 'outbound',
  from: '+1',
  to,
  startedAt: new Date(startedAt),
  answeredAt: answeredAt === null ? null : new Date(answeredAt),
  endedAt: new Date(endedAt),
  disposition: answeredAt === null ? 'busy' : 'answered',
  sipStatus: answeredAt === null ? 486 : 200,
  hangupBy: null,
  voucherTotal: null,
  voucherSignature: null,
  contentHash: Buffer.of(1),
  salt: Buffer.alloc(16),
  receivedAt: new Date(endedAt),
  corrects: null,
});

const escrowOf = ({ rate, fee, increment }: Agreed): Escrow => ({
  id: 1n,
  user: 'user' as never,
  provider: 'provider' as never,
  state: 'open',
  amount: 10n ** 12n,
  spent: 0n,
  refunded: null,
  ratePerSecond: BigInt(rate),
  feePerCall: BigInt(fee),
  increment,
  maxParallel: 1,
  openedAt: new Date(escrowTime.openedAt),
  endsAt: new Date(escrowTime.endsAt),
  claimDeadline: new Date(midnight + 3 * day),
  voucherKey: null,
  seq: 0n,
  seconds: 0n,
  calls: 0n,
});

/** Prefixes of each other, so that more than one fits. */
const prefixes = ['', '+3', '+31', '+312', '+3120', '+31205', '+49', '+4930', 'neo:', 'in:', 'sms:'];
const numbers = ['+31205550100', '+31612345678', '+3', '+31', '+493055501', '+15551234', neo, 'sip:alice@host'];
const increment = fc.constantFrom(1, 6, 30, 60);
const entry = fc.record({
  prefix: fc.constantFrom(...prefixes),
  rate: fc.nat(12),
  fee: fc.nat(6),
  initial: increment,
  further: increment,
});
/** Around midnight and around the edges of each other, to the millisecond. */
const moment = fc.integer({ min: -3, max: 3 }).map((ms) => midnight + ms);
const deck = fc.record({
  setAt: moment,
  effectiveFrom: moment,
  isHandedIn: fc.integer({ min: 0, max: 9 }).map((n) => n > 0),
  entries: fc.uniqueArray(entry, { selector: ({ prefix }) => prefix, minLength: 1, maxLength: prefixes.length }),
});
/** In the order in which the chain has them. */
const decks = fc
  .array(deck, { maxLength: 3 })
  .map((list) =>
    list
      .toSorted((a, b) => a.setAt - b.setAt)
      .map((each, i): Deck => ({ ...each, hash: `0x${String(i).padStart(64, '0')}` as Hex })),
  );
const talkMs = fc.oneof(
  fc.constantFrom(0, 1, 999, 1_000, 1_001),
  fc.tuple(fc.constantFrom(6, 30, 60, 90, 120), fc.integer({ min: -1, max: 1 })).map(([s, ms]) => s * 1000 + ms),
  fc.nat(200_000),
);
const call = fc
  .record({
    to: fc.oneof(fc.constantFrom(...numbers), fc.constant('sms:+31205550100')),
    direction: fc.constantFrom('outbound', 'outbound', 'outbound', 'inbound'),
    at: moment,
    ringMs: fc.constantFrom(0, 1, 5_000),
    talkMs: fc.option(talkMs, { freq: 8 }),
  })
  .map(({ to, direction, at, ringMs, talkMs: talked }): Call => {
    if (talked === null) return { to, direction, startedAt: at, answeredAt: null, endedAt: at + ringMs };
    return { to, direction, startedAt: at - ringMs, answeredAt: at, endedAt: at + talked };
  });
const agreed = fc.record({ rate: fc.nat(16), fee: fc.nat(8), increment: fc.constantFrom(1, 30, 60, 60, 60) });

describe('rating agrees with a slow implementation of its own', () => {
  const [ROUNDS, CALLS] = [1_000, 100];

  test('for 100,000 random calls, each kind of outcome among them', () => {
    const outcomes = new Map<string, number>();
    const world = fc.record({
      decks,
      agreed,
      calls: fc.array(call, { minLength: CALLS, maxLength: CALLS }),
    });
    fc.assert(
      fc.property(world, ({ decks, agreed, calls }) => {
        for (const each of calls) {
          const expected = rateSlowly(each, decks, agreed);
          expect(rateNow(each, decks, agreed)).toBe(expected);
          const [outcome = ''] = expected.split(' ');
          outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
        }
      }),
      { numRuns: ROUNDS },
    );
    expect([...outcomes.values()].reduce((sum, count) => sum + count, 0)).toBeGreaterThanOrEqual(ROUNDS * CALLS);
    expect([...outcomes.keys()].toSorted()).toEqual(['deckMissing', 'noTariff', 'overAgreedTerms', 'rated']);
    for (const count of outcomes.values()) expect(count).toBeGreaterThan(1_000);
  });
});
