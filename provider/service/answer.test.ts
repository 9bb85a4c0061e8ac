import pino from 'pino';
import { describe, expect, test } from 'vitest';
import type { EscrowRecord } from '../../chain/read.ts';
import { defaultPolicy } from '../../protocol/call/permission.ts';
import { priceOf } from '../../protocol/call/price.ts';
import { canonicalRateDeck, type RateDeckDocument, rateDeckHash } from '../../protocol/call/rate-deck.ts';
import { createKey } from '../../protocol/sign/key.ts';
import { datoshi } from '../../protocol/types/datoshi.ts';
import { defaultLimits } from '../kamailio/limits-file.ts';
import { takeAnswer } from './answer.ts';
import { type Call, findCall, insertCall } from './calls.ts';
import type { Charge } from './charge.ts';
import { createDecks, keepDeck, noteDeckSet } from './decks.ts';
import type { Figures } from './figures.ts';
import { takeEvent } from './follow.ts';
import { createMetrics } from './metrics.ts';
import { createRates } from './rates.ts';
import { recordEnd } from './record.ts';
import { openStore } from './store.ts';
import { createUnbinding } from './unbinding.ts';
import { createWatch } from './watch.ts';

const [provider, user] = [createKey(), createKey().address];
const start = Date.parse('2026-01-31T12:00:00.000Z');
const at = (seconds: number) => new Date(start + seconds * 1000);
const deck = (ratePerSecond: string, prefix = '+31'): RateDeckDocument => ({
  version: 1,
  provider: provider.address,
  effectiveFrom: '2026-01-01T00:00:00.000Z',
  entries: [{ prefix, ratePerSecond, feePerCall: '0', initialIncrement: 1, increment: 1 }],
});
const hashOf = (document: RateDeckDocument) => rateDeckHash(canonicalRateDeck(document));
const old = deck('5');
const terms = { ratePerSecond: datoshi(5n), feePerCall: datoshi(0n), initialIncrement: 1, increment: 1 };

const escrow = {
  user,
  provider: provider.address,
  amount: datoshi(100_000n),
  spent: datoshi(0n),
  ratePerSecond: datoshi(500n),
  feePerCall: datoshi(0n),
  increment: 60,
  maxParallel: 10,
  endsAt: at(86_400),
  voucherKey: null,
} as EscrowRecord;

/** A call that rings, permitted at 5 a second: 1,500 are held for 300 s. */
function world({ next, amount = 100_000n }: { next?: RateDeckDocument; amount?: bigint }) {
  const store = openStore(':memory:');
  for (const each of next ? [old, next] : [old]) keepDeck(store, each);
  noteDeckSet(store, hashOf(old), at(-1_000));
  const state = { now: at(0), hungUp: [] as string[] };
  const deps = {
    store,
    decks: createDecks(store),
    metrics: createMetrics(),
    policy: { ...defaultPolicy, graceMs: 0 },
    limits: defaultLimits,
    rates: createRates(),
    signer: provider,
    unbinding: createUnbinding(store, { unbind: async () => {} }),
    graceMs: 15_000,
    chain: { escrow: async () => ({ ...escrow, amount: datoshi(amount) }) },
    kamailio: {
      hangUp: async (_: unknown, reason: string) => state.hungUp.push(reason) > 0,
      setTimeout: async () => true,
    },
    rtpengine: null,
    log: pino({ level: 'silent' }),
    now: () => state.now,
  };
  const hold = { callId: 'a', heldFrom: at(0), seconds: 300, amount: datoshi(1_500n), holdUntil: at(1e6) };
  const call: Partial<Call> = {
    callId: 'a',
    sipCallId: 'a',
    fromTag: 't',
    request: '1:1',
    user,
    method: 'INVITE',
    direction: 'outbound',
    from: user,
    to: '+31201234567',
    invitedAt: at(0),
    charge: { escrowId: 1n, terms, entry: '+31', tariffHash: hashOf(old), hold },
  };
  insertCall(store, call as Call);
  const set = (document: RateDeckDocument, seconds: number) =>
    takeEvent(
      deps,
      { name: 'TariffSet', provider: provider.address, hash: hashOf(document) } as Parameters<typeof takeEvent>[1],
      at(seconds),
    );
  const answer = (seconds: number) => takeAnswer(deps, 'a', { at: at(seconds), dialog: { entry: 1, id: 1 } });
  const look = (seconds: number) => {
    state.now = at(seconds);
    return createWatch(deps as unknown as Parameters<typeof createWatch>[0]).look();
  };
  const bill = (seconds: number) => {
    recordEnd(deps, 'a', { answeredAt: at(20), endedAt: at(seconds), sipStatus: 200, hangupBy: 'caller' });
    return store.prepare('select price from calls').get()?.price;
  };
  return { deps, state, set, answer, look, bill, charge: () => findCall(store, 'a')?.charge };
}

describe('where another deck was set while it rang, it counts from the answer on', () => {
  test.each([
    ['dearer', '7'],
    ['cheaper', '3'],
    ['much dearer', '500'],
  ])('a %s one', async (_, rate) => {
    const next = deck(rate);
    const { set, answer, look, bill, charge } = world({ next });
    set(next, 5);
    answer(20);
    expect(charge()).toMatchObject({ tariffHash: hashOf(next), terms: { ratePerSecond: BigInt(rate) } });
    await look(20.5);
    expect(bill(80)).toBe(60n * BigInt(rate));
  });

  test('whose block comes after the answer that it precedes', async () => {
    const next = deck('7');
    const { set, answer, look, bill } = world({ next });
    answer(20);
    set(next, 19.5);
    await look(20.5);
    expect(bill(80)).toBe(60n * 7n);
  });

  test('and one that is set after it does not', async () => {
    const next = deck('7');
    const { set, answer, bill } = world({ next });
    answer(20);
    set(next, 20.5);
    expect(bill(80)).toBe(60n * 5n);
  });
});

test('no more is promised than was, until the watch has looked; then as far as the money reaches', async () => {
  const next = deck('500');
  const { set, answer, look, charge, state } = world({ next, amount: 10_000n });
  set(next, 5);
  answer(20);
  expect(charge()?.hold).toMatchObject({ amount: 1_500n, seconds: 3, heldFrom: at(20) });
  await look(20.5);
  expect(charge()?.hold).toMatchObject({ amount: 10_000n, seconds: 20 });
  await look(40);
  expect(state.hungUp).toEqual(['insufficientFunds']);
});

test.each([
  ['has no price for it', deck('5', '+32'), 'noTariff'],
  ['is dearer than its user agreed to', deck('501'), 'overAgreedTerms'],
])('one that %s ends the call', async (_, next, reason) => {
  const { deps, state, set, answer, look } = world({ next });
  set(next, 5);
  answer(20);
  await look(20.5);
  await look(21);
  expect(state.hungUp).toEqual([reason, reason]);
  expect(deps.metrics.text({} as Figures)).toContain(`calls_ended_by_us_total{reason="${reason}"} 1`);
});

test('one that is not here ends the call', async () => {
  const { state, set, answer, look } = world({});
  set(deck('7'), 5);
  answer(20);
  await look(20.5);
  expect(state.hungUp).toEqual(['deckMissing']);
});

test('a deck without an entry for calls from the PSTN makes them free', () => {
  const next = deck('7');
  const { deps, set, answer, bill } = world({ next });
  deps.store.exec("update calls set direction = 'inbound'");
  set(next, 5);
  answer(20);
  expect(bill(80)).toBe(0n);
});

test.each(['1', '4', '7', '499', '2000'])('at %s a second, what is held reaches for what it is held for', (rate) => {
  const next = deck(rate);
  const { set, answer, charge } = world({ next });
  set(next, 5);
  answer(20);
  const { hold, terms: own } = charge() as Charge;
  const cost = hold.seconds > 0 ? priceOf(hold.seconds * 1000, own).price : 0n;
  expect(cost).toBeLessThanOrEqual(hold.amount);
  expect(hold.amount).toBeLessThanOrEqual(1_500n);
});
