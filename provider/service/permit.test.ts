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
import { defaultLimits, type Limits } from '../kamailio/limits-file.ts';
import { callsOnEscrow, unsettledOf } from './calls.ts';
import { createDecks, keepDeck, noteDeckSet } from './decks.ts';
import { showLimits } from './limits.ts';
import { createMetrics } from './metrics.ts';
import { putNumber } from './numbers.ts';
import { type AskedCall, permit } from './permit.ts';
import { createRates } from './rates.ts';
import { noteAnswer, recordEnd } from './record.ts';
import { openStore } from './store.ts';
import { userCounters } from './usage.ts';

const [provider, user, voucherKey] = [createKey(), createKey(), createKey()];
const network = 56753;
const contract = `0x${'01'.repeat(20)}` as ScriptHash;

const off = { warn: null, refuse: null };
const noLimits: Limits = {
  ...defaultLimits,
  ...Object.fromEntries([...userCounters, 'callsPerSecond', 'ratePerSecond'].map((name) => [name, off])),
};

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
  const sync = async () => {
    if (state.isAway) throw new NodeUnavailable('away');
    return height(1);
  };
  const chain = {
    sync,
    recent: sync,
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
    decks: createDecks(store),
    policy: defaultPolicy,
    limits: { ...noLimits, longestCall: { warn: null, refuse: 3_600 }, blockedPrefixes: ['+31900'] } as Limits,
    rates: createRates(),
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
      request: '1:1',
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

describe('another INVITE with the Call-ID and the tag of a call that is under way', () => {
  const called = createKey().address;

  test('goes to no number for nothing, where the first one is a free call to a user', async () => {
    const { ask, reason } = world();
    expect(await ask({ sipCallId: 'a', called })).toMatchObject({ allowed: true, isCharged: false });
    expect(await reason({ sipCallId: 'a', request: '1:2' })).toBe('callUnderWay');
    expect(await reason({ sipCallId: 'a', request: '1:2', method: 'MESSAGE', called })).toBe('callUnderWay');
  });

  test('goes to no dear number at the price of a cheap one, and is no second call on one record', async () => {
    const it = world();
    keepDeck(it.store, setDeck(it, ['+31', '1', 1], ['+44', '10', 1]));
    expect(await it.reason({ sipCallId: 'a' })).toBe('allowed');
    const again = (given: Partial<AskedCall>) => it.reason({ sipCallId: 'a', request: '1:2', ...given });
    expect(await again({ called: '+44201234567' })).toBe('callUnderWay');
    expect(await again({})).toBe('callUnderWay');
    noteAnswer(it.deps, 'a', { at: it.state.now, dialog: { entry: 1, id: 1 } });
    expect(await again({})).toBe('callUnderWay');
    expect(callsOnEscrow(it.store, 1n)).toMatchObject([{ to: '+31201234567' }]);
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

  test('where nobody has handed in the deck, where no node answers, and after its end', async () => {
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
  });
});

describe('a call over a limit is refused', () => {
  const limited = (given: Partial<Limits>) => {
    const rich = { amount: datoshi(1_000_000_000n), ratePerSecond: datoshi(1_000n), feePerCall: datoshi(1_000n) };
    const it = world({ ...rich, endsAt: new Date(Date.now() + 20 * 86_400_000) });
    it.deps.limits = { ...it.deps.limits, ...given };
    const limit = async (asked: Partial<AskedCall> = {}) => {
      const permitted = await it.ask(asked);
      return permitted.allowed ? 'allowed' : (permitted.limit ?? permitted.reason);
    };
    const wait = (ms: number) => {
      it.state.now = new Date(it.state.now.getTime() + ms);
    };
    const end = (callId: string, talkedMs: number) => {
      const answeredAt = it.state.now;
      noteAnswer(it.deps, callId, { at: answeredAt, dialog: { entry: 1, id: 1 } });
      wait(talkedMs);
      recordEnd(it.deps, callId, { answeredAt, endedAt: it.state.now, sipStatus: 200, hangupBy: 'caller' });
    };
    return { ...it, limit, wait, end };
  };
  const third = { warn: 1, refuse: 2 };
  const times = async (n: number, ask: (i: number) => Promise<string>) => {
    const said: string[] = [];
    for (let i = 0; i < n; i += 1) said.push(await ask(i));
    return said;
  };

  test.each<[keyof Limits, (i: number) => string, number]>([
    ['total', (i) => `+3120123456${i}`, 86_400_001],
    ['perMinute', (i) => `+3120123456${i}`, 60_001],
    ['sequence', () => '+31201234567', 86_400_001],
    ['distinct', (i) => `+3120123456${i}`, 86_400_001],
    ['callsPerSecond', () => '+31201234567', 1_001],
  ])('%s: the third of two is, and its like is allowed when its time is over', async (name, numberOf, ms) => {
    const it = limited({ [name]: third });
    expect(await times(3, (i) => it.limit({ called: numberOf(i) }))).toEqual(['allowed', 'allowed', name]);
    it.wait(ms);
    expect(await it.limit()).toBe('allowed');
    const shown = showLimits(it.deps).items.filter(({ verdict }) => verdict === 'refused');
    expect(shown).toMatchObject([{ limit: name, who: user.address, count: 1, last: numberOf(2) }]);
  });

  test('concurrent: one that ends makes room, and calls that come in take none', async () => {
    const it = limited({ concurrent: third });
    putNumber(it.store, '+31201112222', user.address);
    const inbound = { sender: { kind: 'gateway', number: '+49301' }, called: '+31201112222' } as const;
    expect(await times(3, () => it.limit(inbound))).toEqual(['allowed', 'allowed', 'concurrent']);
    expect(await times(3, (i) => it.limit({ sipCallId: `call-${i}` }))).toEqual(['allowed', 'allowed', 'concurrent']);
    it.end('call-0', 1_000);
    expect(await it.limit()).toBe('allowed');
  });

  test('sequence: a call to somebody else begins it anew', async () => {
    const it = limited({ sequence: third });
    const numbers = ['1', '1', '2', '1', '1', '1'];
    const said = await times(6, async (i) => {
      it.wait(1);
      return it.limit({ called: `+3120123456${numbers[i]}` });
    });
    expect(said).toEqual([...Array(5).fill('allowed'), 'sequence']);
  });

  test('duration: what was talked within a day counts, running calls included', async () => {
    const it = limited({ duration: { warn: 10, refuse: 60 } });
    await it.ask({ sipCallId: 'a' });
    it.end('a', 59_000);
    await it.ask({ sipCallId: 'b' });
    noteAnswer(it.deps, 'b', { at: it.state.now, dialog: { entry: 1, id: 2 } });
    it.wait(1_999);
    expect(await it.limit()).toBe('allowed');
    it.wait(1);
    expect(await it.limit()).toBe('duration');
  });

  test('the price of a second or of the connection, a blocked prefix, and the hours', async () => {
    const it = limited({ ratePerSecond: { warn: 10n, refuse: 50n } as never, hours: ['00:00-24:00'] });
    keepDeck(it.store, setDeck(it, ['+31', '50', 60], ['+32', '51', 60]));
    expect(await it.limit()).toBe('allowed');
    expect(await it.limit({ called: '+32201234567' })).toBe('ratePerSecond');
    expect(await it.reason({ called: '+31900123' })).toBe('blockedDestination');
    it.state.now = new Date('2026-02-01T23:30:00Z');
    it.escrows.set('1', { ...(it.escrows.get('1') as EscrowRecord), endsAt: new Date('2030-01-01') });
    it.deps.limits = { ...it.deps.limits, hours: ['07:00-23:00'] };
    expect(await it.limit()).toBe('hours');
    expect(await it.limit({ called: createKey().address })).not.toBe('hours');
  });

  test('a dry run refuses nothing, and counts what it would have refused', async () => {
    const it = limited({ total: third, dryRun: true });
    expect(await times(4, () => it.limit())).toEqual(Array(4).fill('allowed'));
    expect(await it.limit({ called: '+31900123' })).toBe('allowed');
    const { items, calls } = showLimits(it.deps);
    expect(calls).toBe(5);
    expect(items.map(({ limit, verdict, count }) => `${limit} ${verdict} ${count}`).toSorted()).toEqual([
      'blockedPrefixes wouldRefuse 1',
      'total warned 1',
      'total wouldRefuse 3',
    ]);
    expect(it.deps.metrics.text({})).toContain('krypton_provider_limit_dry_refusals_total{limit="total"} 3');
  });

  test('at the same time as well: of many calls that come at once no more are let through than may run', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: 9 }), fc.integer({ min: 1, max: 20 }), async (refuse, asked) => {
        const it = limited({ concurrent: { warn: null, refuse } });
        const said = await Promise.all(Array.from({ length: asked }, () => it.limit()));
        expect(said.filter((one) => one === 'allowed')).toHaveLength(Math.min(refuse, asked));
        expect(said.filter((one) => one === 'concurrent')).toHaveLength(Math.max(0, asked - refuse));
      }),
      { numRuns: 50 },
    );
  });

  test('the same INVITE again counts once', async () => {
    const it = limited({ total: third });
    expect(await times(5, () => it.limit({ sipCallId: 'same' }))).toEqual(Array(5).fill('allowed'));
  });
});

test('what was paid for calls of a store that was lost pays no call of this one', async () => {
  // 3,000 datoshi are left beside what was spent: a call of 300 s
  const { ask, reason, deps, store } = world({ amount: datoshi(30_000n), spent: datoshi(27_000n) });
  const { now } = deps;
  expect(await ask({ sipCallId: 'a' })).toMatchObject({ allowed: true, maxSeconds: 300 });
  const [answeredAt, endedAt] = [now(), new Date(now().getTime() + 300_000)];
  recordEnd(deps, 'a', { answeredAt, endedAt, sipStatus: 200, hangupBy: null });
  expect(unsettledOf(store, 1n, 27_000n)).toBe(3_000n);
  expect(await reason({ sipCallId: 'b' })).toBe('insufficientFunds');
  // once it is paid, nothing is owed
  expect(unsettledOf(store, 1n, 30_000n)).toBe(0n);
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
