import pino from 'pino';
import { expect, test } from 'vitest';
import type { Cdr } from '../../protocol/api/cdrs.ts';
import { unsettledOf } from './calls.ts';
import type { Deps } from './deps.ts';
import { followUp } from './follow-up.ts';
import { openStore } from './store.ts';

const start = new Date('2026-01-31T12:00:00Z').getTime();

function world(answers: Record<string, Partial<Cdr>[]>) {
  const store = openStore(':memory:');
  const insert =
    store.prepare(`insert into calls (call_id, sip_call_id, from_tag, escrow_id, direction, from_party, to_party,
    state, invited_at, price, cdr_state) values (?, ?, '', 1, 'outbound', '', '', 'over', 0, 100, 'accepted')`);
  for (const callId of Object.keys(answers)) insert.run(callId, callId);
  const asked: string[] = [];
  const state = { now: start };
  const call = async (_: unknown, { query }: { query: { callId: string } }) => {
    asked.push(query.callId);
    return { items: answers[query.callId] ?? [], next: null };
  };
  const deps = {
    store,
    api: { call } as unknown as Deps['api'],
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
  return { store, deps, asked, state, states };
}

test('what was accepted is followed until it is paid, or never will be; only what may be paid is owed', async () => {
  const { store, deps, states } = world({
    waits: [{ state: 'rated', price: '100' }],
    paid: [{ state: 'settled', paid: '100' }],
    partly: [{ state: 'settled', paid: '40' }],
    rejected: [{ state: 'rejected', reason: 'why' }],
    corrected: [{ state: 'rated', price: '90' }, { state: 'superseded' }],
    unanswered: [{ state: 'rated', price: '0' }],
    unseen: [],
  });
  expect(unsettledOf(store, 1n, 0n)).toBe(700n);
  await followUp(deps);
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
  const { deps, asked, state } = world(Object.fromEntries(names.map((name) => [name, []])));
  await followUp(deps);
  await followUp(deps);
  expect([asked.length, new Set(asked).size]).toEqual([25, 25]);
  await followUp(deps);
  expect(asked).toHaveLength(25);
  state.now += 15_000;
  await followUp(deps);
  expect(asked.slice(25)).toHaveLength(20);
});
