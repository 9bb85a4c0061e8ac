import pino from 'pino';
import { expect, test } from 'vitest';
import type { Cdr } from '../../protocol/api/cdrs.ts';
import { createKey } from '../../protocol/sign/key.ts';
import { unsettledOf } from './calls.ts';
import type { Deps } from './deps.ts';
import { createFollowUp } from './follow-up.ts';
import { openStore } from './store.ts';

const signer = createKey();
const start = new Date('2026-01-31T12:00:00Z').getTime();

/** `listed`: what the API has of all calls, the newest first. */
function world(answers: Record<string, Partial<Cdr>[]>, listed: Partial<Cdr>[] = []) {
  const store = openStore(':memory:');
  const insert =
    store.prepare(`insert into calls (call_id, sip_call_id, from_tag, escrow_id, direction, from_party, to_party,
    state, invited_at, price, cdr_state) values (?, ?, '', 1, 'outbound', '', '', 'over', 0, 100, 'accepted')`);
  for (const callId of Object.keys(answers)) insert.run(callId, callId);
  const asked: string[] = [];
  const state = { now: start, listed: 0 };
  const ours = (cdr: Partial<Cdr>) => ({ provider: signer.address, ...cdr });
  const call = async (_: unknown, { query }: { query: { callId: string } }) => {
    asked.push(query.callId);
    return { items: (answers[query.callId] ?? []).map(ours), next: null };
  };
  async function* items() {
    state.listed += 1;
    yield* listed.map(ours);
  }
  const deps = {
    store,
    api: { call, items } as unknown as Deps['api'],
    signer,
    log: pino({ level: 'silent' }),
    now: () => new Date(state.now),
  };
  const states = () =>
    Object.fromEntries(
      store
        .prepare('select call_id, cdr_state, paid from calls')
        .all()
        .map((row) => [row.call_id, [row.cdr_state, row.paid]]),
    );
  const followUp = createFollowUp(deps, new AbortController().signal);
  return { store, followUp, asked, state, states };
}

test('what was accepted is followed until it is paid, or never will be; only what may be paid is owed', async () => {
  const { store, followUp, states } = world({
    waits: [{ state: 'rated', price: '100' }],
    paid: [{ state: 'settled', paid: '100' }],
    partly: [{ state: 'settled', paid: '40' }],
    rejected: [{ state: 'rejected', reason: 'why' }],
    corrected: [{ state: 'rated', price: '90' }, { state: 'superseded' }],
    unanswered: [{ state: 'rated', price: '0' }],
    unseen: [],
  });
  expect(unsettledOf(store, 1n, 0n)).toBe(700n);
  await followUp();
  expect(states()).toEqual({
    waits: ['accepted', null],
    paid: ['settled', 100n],
    partly: ['settled', 40n],
    rejected: ['invalid', null],
    corrected: ['accepted', null],
    unanswered: ['settled', 0n],
    unseen: ['accepted', null],
  });
  // 140 are spent on chain: what is owed is what still waits
  expect(unsettledOf(store, 1n, 140n)).toBe(300n);
});

test('a record is asked about again after a while, the one that was asked least lately first', async () => {
  const names = Array.from({ length: 25 }, (_, i) => `call-${i}`);
  const { followUp, asked, state } = world(Object.fromEntries(names.map((name) => [name, []])));
  await followUp();
  await followUp();
  expect([asked.length, new Set(asked).size]).toEqual([25, 25]);
  await followUp();
  expect(asked).toHaveLength(25);
  state.now += 15_000;
  await followUp();
  expect(asked.slice(25)).toHaveLength(20);
});

test('where many are to be asked about, most are read from a list', async () => {
  const names = Array.from({ length: 25 }, (_, i) => `call-${i}`);
  const listed = [
    { callId: 'foreign', state: 'settled' as const, paid: '1' },
    { callId: 'call-1', provider: createKey().address, state: 'settled' as const, paid: '1' },
    { callId: 'call-0', state: 'settled' as const, paid: '90' },
    { callId: 'call-0', state: 'superseded' as const },
    ...names.slice(1, 23).map((callId) => ({ callId, state: 'settled' as const, paid: '100' })),
  ];
  const { followUp, asked, states } = world(Object.fromEntries(names.map((name) => [name, []])), listed);
  await followUp();
  expect(asked).toEqual(['call-23', 'call-24']);
  expect(states()).toMatchObject({
    'call-0': ['settled', 90n],
    'call-1': ['settled', 100n],
    'call-22': ['settled', 100n],
    'call-23': ['accepted', null],
  });
});

test('the list is not read again for calls that are not in it', async () => {
  const names = Array.from({ length: 50 }, (_, i) => `call-${i}`);
  const { followUp, state } = world(Object.fromEntries(names.map((name) => [name, []])));
  await followUp();
  state.now += 14_000;
  await followUp();
  expect(state.listed).toBe(1);
  state.now += 1_000;
  await followUp();
  expect(state.listed).toBe(2);
});

test('a record of another provider, whose user we are, decides no call of ours', async () => {
  const { followUp, states } = world({ a: [{ provider: createKey().address, state: 'settled', paid: '1' }] });
  await followUp();
  expect(states()).toEqual({ a: ['accepted', null] });
});
