import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import pino from 'pino';
import { describe, expect, test } from 'vitest';
import { NodeUnavailable } from '../../chain/errors.ts';
import type { EscrowRecord } from '../../chain/read.ts';
import { defaultPolicy } from '../../protocol/call/permission.ts';
import { canonicalRateDeck, rateDeckHash } from '../../protocol/call/rate-deck.ts';
import { createKey } from '../../protocol/sign/key.ts';
import { signVoucher } from '../../protocol/sign/voucher.ts';
import { datoshi } from '../../protocol/types/datoshi.ts';
import type { ScriptHash } from '../../protocol/types/hash.ts';
import { height } from '../../protocol/types/height.ts';
import { callsOnEscrow, unsettledOf } from './calls.ts';
import { createDecks, keepDeck, noteDeckSet } from './decks.ts';
import { createMetrics } from './metrics.ts';
import { putNumber } from './numbers.ts';
import { type AskedCall, permit } from './permit.ts';
import { noteAnswer, recordEnd } from './record.ts';
import { createSeenIdentities } from './seen.ts';
import { openStore } from './store.ts';

const [provider, user, voucherKey] = [createKey(), createKey(), createKey()];
const network = 56753;
const contract = `0x${'01'.repeat(20)}` as ScriptHash;

const record: EscrowRecord = {
  user: user.address,
  provider: provider.address,
  amount: datoshi(30_000n),
  spent: datoshi(0n),
  ratePerSecond: datoshi(10n),
  feePerCall: datoshi(0n),
  increment: 60,
  maxParallel: 100,
  openedAt: new Date(),
  endsAt: new Date(Date.now() + 86_400_000),
  claimDeadline: new Date(Date.now() + 2 * 86_400_000),
  voucherKey: null,
  seq: 0n,
  seconds: 0n,
  calls: 0n,
};

function world(given: Partial<EscrowRecord> = {}, others: Record<string, EscrowRecord> = {}) {
  const store = openStore(':memory:');
  const escrows = new Map([['1', { ...record, ...given }], ...Object.entries(others)]);
  const state = { isAway: false, now: new Date() };
  const chain = {
    sync: async () => {
      if (state.isAway) throw new NodeUnavailable('away');
      return height(1);
    },
    registrationsOf: async () => [],
    escrow: async (id: bigint) => escrows.get(String(id)) ?? null,
    escrowsOf: async () => [...escrows.keys()].map(BigInt),
    height: () => height(1),
  };
  const deps = {
    store,
    chain,
    reader: { provider: async () => null },
    locate: async () => null,
    seen: createSeenIdentities(),
    decks: createDecks(store),
    policy: defaultPolicy,
    limits: { parallelPerUser: 1_000, maxCallSeconds: 3_600, blockedPrefixes: ['+31900'] },
    network,
    contract,
    signer: provider,
    metrics: createMetrics(),
    now: () => state.now,
    log: pino({ level: 'silent' }),
  };
  const ask = (asked: Partial<AskedCall> = {}) =>
    permit(deps, {
      method: 'INVITE',
      sipCallId: randomBytes(8).toString('hex'),
      fromTag: 'tag',
      sender: { kind: 'user', user: user.address },
      called: '+31201234567',
      escrowId: null,
      voucher: null,
      ...asked,
    });
  const reason = async (asked: Partial<AskedCall> = {}) => {
    const permitted = await ask(asked);
    return permitted.allowed ? 'allowed' : permitted.reason;
  };
  return { deps, store, state, escrows, ask, reason };
}

function setDeck({ store }: ReturnType<typeof world>, ...entries: [prefix: string, rate: string, increment: number][]) {
  const document = {
    version: 1 as const,
    provider: provider.address as string,
    effectiveFrom: '2026-01-01T00:00:00.000Z',
    entries: entries.map(([prefix, ratePerSecond, increment]) => {
      return { prefix, ratePerSecond, feePerCall: '0', initialIncrement: increment, increment };
    }),
  };
  noteDeckSet(store, rateDeckHash(canonicalRateDeck(document)), new Date('2026-01-02'));
  return document;
}

describe('a call is allowed', () => {
  test("at the escrow's own terms where there is no deck, for a slice", async () => {
    const { ask, store } = world();
    const permitted = await ask({ sipCallId: 'a' });
    expect(permitted).toMatchObject({ allowed: true, callId: 'a', maxSeconds: 300, isCharged: true });
    expect(callsOnEscrow(store, 1n)).toMatchObject([
      { callId: 'a', charge: { hold: { amount: 3_000n, seconds: 300 } } },
    ]);
  });

  test('at the price of the deck, out of the escrow with the most left, or the one that is named', async () => {
    const poorer = { ...record, amount: datoshi(2_000n) };
    const it = world({}, { 2: poorer });
    keepDeck(it.store, setDeck(it, ['+31', '5', 60]));
    await it.ask({ sipCallId: 'a' });
    await it.ask({ sipCallId: 'b', escrowId: 2n });
    expect(callsOnEscrow(it.store, 1n)).toMatchObject([{ charge: { entry: '+31', hold: { amount: 1_500n } } }]);
    expect(callsOnEscrow(it.store, 2n)).toMatchObject([{ callId: 'b' }]);
  });

  test('again, where the same INVITE comes again; a Call-ID that somebody else uses too is another call', async () => {
    const { ask, store } = world();
    await ask({ sipCallId: 'a' });
    expect(await ask({ sipCallId: 'a' })).toMatchObject({ callId: 'a' });
    expect(await ask({ sipCallId: 'a', fromTag: 'other' })).toMatchObject({ callId: 'a;other' });
    expect(callsOnEscrow(store, 1n)).toHaveLength(2);
  });

  test('for free between users, without any escrow; and is not where the deck has a price for it', async () => {
    const it = world();
    it.escrows.clear();
    const called = createKey().address;
    expect(await it.ask({ called })).toMatchObject({ allowed: true, isCharged: false, maxSeconds: 3_600 });
    keepDeck(it.store, setDeck(it, ['neo:', '5', 60]));
    expect(await it.reason({ called })).toBe('noEscrow');
  });
});

describe('a call is refused', () => {
  const foreign = { ...record, provider: createKey().address };
  test.each<[string, Partial<EscrowRecord>, Partial<AskedCall>]>([
    ['escrowEnded', { endsAt: new Date(Date.now() - 1) }, {}],
    ['insufficientFunds', { amount: datoshi(599n) }, {}],
    ['insufficientFunds', { spent: datoshi(29_500n) }, {}],
    ['overAgreedTerms', { ratePerSecond: datoshi(0n), feePerCall: datoshi(1n) }, { called: '+32201234567' }],
    ['noTariff', {}, { called: '+33201234567' }],
    ['blockedDestination', {}, { called: '+31900123' }],
    ['unknownNumber', {}, { sender: { kind: 'gateway', number: '+49' } }],
    ['unknownEscrow', {}, { escrowId: 9n }],
    ['unknownEscrow', {}, { escrowId: 2n }],
    ['voucherMissing', { voucherKey: voucherKey.publicKey, spent: datoshi(151n) }, {}],
    ['noEscrow', { provider: foreign.provider }, {}],
  ])('%s', async (expected, given, asked) => {
    const it = world(given, { 2: foreign });
    keepDeck(it.store, setDeck(it, ['+31', '10', 60], ['+32', '10', 60]));
    expect(await it.reason(asked)).toBe(expected);
    expect(it.store.prepare('select count(*) as n from calls').get()?.n).toBe(0n);
  });

  test('where nobody has handed in the deck, where no node answers, over a limit, and after its end', async () => {
    const it = world();
    expect(await it.reason({ sipCallId: 'a' })).toBe('allowed');
    const end = { answeredAt: null, endedAt: new Date(), sipStatus: 487, hangupBy: null };
    expect(recordEnd(it.deps, 'a', end)).toBe('recorded');
    expect(await it.reason({ sipCallId: 'a' })).toBe('callEnded');
    setDeck(it, ['+31', '10', 60]);
    expect(await it.reason()).toBe('deckMissing');
    it.state.isAway = true;
    expect(await it.reason()).toBe('nodeUnavailable');
    it.state.isAway = false;
    it.deps.limits.parallelPerUser = 0;
    expect(await it.reason()).toBe('overLimit');
  });
});

test('a voucher with the INVITE covers what was talked before', async () => {
  const it = world({ voucherKey: voucherKey.publicKey, spent: datoshi(2_000n) });
  expect(await it.reason()).toBe('voucherMissing');
  const { signature } = await signVoucher(voucherKey, { network, contract, escrowId: 1n }, datoshi(2_000n));
  const voucher = { escrowId: 1n, total: datoshi(2_000n), signature: Buffer.from(signature).toString('hex') };
  expect(await it.reason({ voucher: { ...voucher, total: datoshi(2_001n) } })).toBe('voucherMissing');
  expect(await it.reason({ voucher })).toBe('allowed');
});

test('a call from the PSTN is paid by who is called', async () => {
  const it = world();
  putNumber(it.store, '+31201112222', user.address);
  const inbound = { sender: { kind: 'gateway', number: '+49301' }, called: '0031201112222' } as const;
  expect(await it.ask(inbound)).toMatchObject({ isCharged: false, target: { kind: 'user', user: user.address } });
  keepDeck(it.store, setDeck(it, ['in:', '5', 1]));
  expect(await it.ask(inbound)).toMatchObject({ isCharged: true });
});

test('whatever comes at the same time, no datoshi is promised twice and none is owed beyond the escrow', async () => {
  const step = fc.record({
    call: fc.integer({ min: 0, max: 9 }),
    what: fc.constantFrom('ask', 'ask', 'answer', 'end', 'settle', 'wait'),
    ms: fc.integer({ min: 0, max: 400_000 }),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(fc.array(step, { minLength: 1, maxLength: 8 }), { maxLength: 8 }), async (rounds) => {
      const it = world({ amount: datoshi(9_000n), maxParallel: 6 });
      const escrow = it.escrows.get('1') as EscrowRecord;
      for (const steps of rounds) {
        const done = steps.map(async ({ call, what, ms }) => {
          const callId = `call-${call}`;
          const at = it.state.now;
          if (what === 'ask') await it.ask({ sipCallId: callId });
          if (what === 'answer') noteAnswer(it.deps, callId, { at, dialog: { entry: 1, id: call } });
          const known = callsOnEscrow(it.store, 1n).find((each) => each.callId === callId);
          if (what === 'end' && known) {
            const endedAt = new Date(at.getTime() + ms);
            recordEnd(it.deps, callId, { answeredAt: known.answeredAt, endedAt, sipStatus: 200, hangupBy: 'caller' });
          }
          if (what === 'settle') escrow.spent = datoshi(escrow.spent + unsettledOf(it.store, 1n, escrow.spent) / 2n);
          if (what === 'wait') it.state.now = new Date(at.getTime() + ms);
        });
        await Promise.all(done);
        const held = callsOnEscrow(it.store, 1n).map(({ charge }) => charge?.hold.amount ?? 0n);
        const owed = unsettledOf(it.store, 1n, escrow.spent);
        const promised = held.reduce((sum: bigint, amount) => sum + amount, escrow.spent + owed);
        expect(promised <= escrow.amount).toBe(true);
        expect(held.length <= 6).toBe(true);
      }
    }),
    { numRuns: 200 },
  );
});
