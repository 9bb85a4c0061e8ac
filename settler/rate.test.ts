import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { DeckPrice } from '../protocol/call/call-price.ts';
import { wordsOf, wordsOfMiss } from '../protocol/call/reasons.ts';
import { datoshi } from '../protocol/types/datoshi.ts';
import { type Cdr, type Escrow, rate } from './rate.ts';

const openedAt = 1_800_000_000_000;
const hour = 3_600_000;
const at = (ms: number) => new Date(openedAt + ms);

const escrow: Escrow = {
  id: 1n,
  user: 'user' as never,
  provider: 'provider' as never,
  state: 'open',
  amount: 10n ** 12n,
  spent: 0n,
  refunded: null,
  ratePerSecond: 10n,
  feePerCall: 5n,
  increment: 6,
  maxParallel: 1,
  openedAt: at(0),
  endsAt: at(hour),
  claimDeadline: at(2 * hour),
  voucherKey: null,
  seq: 0n,
  seconds: 0n,
  calls: 0n,
};

const cdr = (given: Partial<Cdr> = {}): Cdr => ({
  id: 1n,
  provider: escrow.provider,
  callId: 'call',
  escrowId: 1n,
  user: escrow.user,
  direction: 'outbound',
  from: '1',
  to: '2',
  startedAt: at(1_000),
  answeredAt: at(2_000),
  endedAt: at(12_000),
  disposition: 'answered',
  sipStatus: 200,
  hangupBy: null,
  voucherTotal: null,
  voucherSignature: null,
  contentHash: Buffer.of(1),
  salt: Buffer.alloc(16),
  receivedAt: at(20_000),
  corrects: null,
  ...given,
});
const late = at(10 * hour);
const noDeck: DeckPrice = { kind: 'noDeck' };

describe('clocks', () => {
  test.each<[string, Partial<Cdr>, bigint]>([
    ['an answer stamped in whole seconds, before its start', { startedAt: at(2_999), answeredAt: at(2_000) }, 125n],
    ['an end stamped in whole seconds, before its answer', { answeredAt: at(12_900), endedAt: at(12_000) }, 65n],
    ['all in one second, in the wrong order', { startedAt: at(900), answeredAt: at(500), endedAt: at(0) }, 65n],
  ])('%s, counts as equal', (_, given, price) => {
    expect(rate(cdr(given), escrow, noDeck, late)).toMatchObject({ state: 'rated', price });
  });

  test('a call waits for the index until its answer, where that is stamped after its end', () => {
    const call = cdr({ answeredAt: at(12_900), endedAt: at(12_000) });
    expect(rate(call, escrow, noDeck, at(12_899))).toEqual({ state: 'wait' });
    expect(rate(call, escrow, noDeck, at(12_900))).toMatchObject({ state: 'rated' });
    expect(rate(call, undefined, noDeck, at(17_899))).toEqual({ state: 'wait' });
    expect(rate(call, undefined, noDeck, at(17_900))).toMatchObject({ reason: 'unknownEscrow' });
  });

  test.each<[string, Partial<Cdr>, string]>([
    ['an answer before its start', { startedAt: at(3_001), answeredAt: at(2_000) }, 'endsBeforeItStarts'],
    ['an end before its answer', { answeredAt: at(13_001) }, 'endsBeforeItStarts'],
    [
      'an end before its start, step by step',
      { startedAt: at(2_000), answeredAt: at(1_000), endedAt: at(0) },
      'endsBeforeItStarts',
    ],
    ['answered with 487', { sipStatus: 487 }, 'contradictoryStatus'],
    ['answered with 180', { sipStatus: 180 }, 'contradictoryStatus'],
    ['answered with 300', { sipStatus: 300 }, 'contradictoryStatus'],
  ])('%s, is rejected', (_, given, reason) => {
    expect(rate(cdr(given), escrow, noDeck, late)).toMatchObject({ state: 'rejected', reason });
  });

  test.each([
    [at(-5_001), 1],
    [at(-5_000 - 600_000), 600_000],
    [at(hour + 1), 1],
  ])('how far a call at %s misses the time of its escrow is told', (answeredAt, missMs) => {
    const call = cdr({
      startedAt: answeredAt,
      answeredAt,
      endedAt: new Date(answeredAt.getTime() + 1),
      receivedAt: late,
    });
    expect(rate(call, escrow, noDeck, late)).toEqual({ state: 'rejected', reason: 'outsideEscrowTime', missMs });
  });

  test('a clock is named where it may be to blame, and only there', () => {
    expect(wordsOfMiss('outsideEscrowTime', 1_500)).toContain('only 1.500 s off: the clock of your proxy may be wrong');
    expect(wordsOfMiss('outsideEscrowTime', hour)).toBe(wordsOf('outsideEscrowTime'));
  });
});

test('a rating never throws, never pays an unanswered call, and bills no less than an increment and no more than the time', () => {
  const time = fc.integer({ min: -20_000, max: 2 * hour }).map(at);
  const any = fc.record({
    startedAt: time,
    answeredAt: fc.option(time),
    endedAt: time,
    disposition: fc.constantFrom('answered' as const, 'busy' as const),
    sipStatus: fc.integer({ min: 100, max: 699 }),
  });
  // half of them close together, so that all rules are met
  const near = any.map((call) => ({
    ...call,
    answeredAt: call.startedAt,
    disposition: 'answered' as const,
    sipStatus: 200,
  }));
  fc.assert(
    fc.property(fc.oneof(any, near), (call) => {
      const rating = rate(cdr({ ...call, receivedAt: late }), escrow, noDeck, late);
      if (rating.state !== 'rated') return;
      const { answeredAt, endedAt } = call;
      if (answeredAt === null) {
        expect([rating.price, rating.billableSeconds]).toEqual([0n, 0n]);
        return;
      }
      expect(call.sipStatus >= 200 && call.sipStatus < 300).toBe(true);
      const talkedMs = Math.max(0, Math.min(Number(endedAt), Number(escrow.endsAt)) - Number(answeredAt));
      expect(rating.billableSeconds).toBeGreaterThanOrEqual(6n);
      expect(Number(rating.billableSeconds) * 1_000).toBeLessThan(talkedMs + 7_000);
      expect(Number(rating.billableSeconds) * 1_000).toBeGreaterThanOrEqual(talkedMs);
    }),
    { numRuns: 2_000 },
  );
});

describe('by a deck', () => {
  const terms = { ratePerSecond: datoshi(3n), feePerCall: datoshi(1n), initialIncrement: 6, increment: 1 };
  const found: DeckPrice = { kind: 'entry', terms, entry: '+31', tariffHash: '0xdeck' };
  const unanswered = cdr({ answeredAt: null, disposition: 'busy', sipStatus: 486 });

  test('the entry is the price, and it is told', () => {
    expect(rate(cdr(), escrow, found, late)).toEqual({
      state: 'rated',
      billableSeconds: 10n,
      price: 31n,
      explanation: {
        ratePerSecond: '3',
        feePerCall: '1',
        increments: { initial: 6, further: 1 },
        tariffHash: '0xdeck',
        entry: '+31',
      },
    });
  });

  test('what it lets pass costs nothing', () => {
    const free: DeckPrice = { kind: 'free', tariffHash: '0xdeck' };
    expect(rate(cdr(), escrow, free, late)).toMatchObject({ state: 'rated', billableSeconds: 0n, price: 0n });
  });

  test.each<[string, Partial<typeof terms>]>([
    ['rate', { ratePerSecond: datoshi(11n) }],
    ['fee', { feePerCall: datoshi(6n) }],
    ['first increment', { initialIncrement: 7 }],
    ['further increment', { increment: 7 }],
  ])('a %s beyond what the user agreed to is not paid', (_, dearer) => {
    const rating = rate(cdr(), escrow, { ...found, terms: { ...terms, ...dearer } }, late);
    expect(rating).toMatchObject({ state: 'rejected', reason: 'overAgreedTerms' });
    expect(rate(unanswered, escrow, { ...found, terms: { ...terms, ...dearer } }, late)).toMatchObject({ price: 0n });
  });

  test.each<DeckPrice['kind']>(['noTariff', 'deckMissing'])(
    '%s: an unanswered call costs nothing all the same',
    (kind) => {
      const without = { kind, tariffHash: '0xdeck' } as DeckPrice;
      expect(rate(unanswered, escrow, without, late)).toMatchObject({ state: 'rated', price: 0n });
    },
  );

  test('a destination without an entry is not paid', () => {
    const without: DeckPrice = { kind: 'noTariff', tariffHash: '0xdeck' };
    expect(rate(cdr(), escrow, without, late)).toMatchObject({ state: 'rejected', reason: 'noTariff' });
  });

  test('a deck that nobody has handed in is waited for until the claim deadline', () => {
    const missing: DeckPrice = { kind: 'deckMissing', tariffHash: '0xdeck' };
    const deadline = escrow.claimDeadline;
    expect(rate(cdr(), escrow, missing, deadline)).toEqual({ state: 'deckMissing', tariffHash: '0xdeck' });
    const after = new Date(deadline.getTime() + 1);
    for (const [closed, time] of [
      [escrow, after] as const,
      [{ ...escrow, state: 'closed' as const }, deadline] as const,
    ])
      expect(rate(cdr(), closed, missing, time)).toMatchObject({ state: 'rejected', reason: 'deckNeverHandedIn' });
  });
});
