import { expect, test } from 'vitest';
import { datoshi } from '../../protocol/types/datoshi.ts';
import { defaultLimits } from '../kamailio/limits-file.ts';
import type { ChargedCall } from './decide-watch.ts';
import type { Deps } from './deps.ts';
import { createTimeouts, type Looked } from './timeouts.ts';

const start = new Date('2026-01-31T12:00:00Z').getTime();
const at = (seconds: number) => new Date(start + seconds * 1000);

function world({ isThere = true } = {}) {
  const told: [id: number, seconds: number][] = [];
  const state = { now: 0 };
  const setTimeout = async ({ id }: { id: number }, seconds: number) => {
    told.push([id, seconds]);
    return isThere;
  };
  const deps = { kamailio: { setTimeout }, limits: defaultLimits, now: () => at(state.now) } as unknown as Deps;
  return { told, state, restarted: () => createTimeouts(deps) };
}

const call = (given: Partial<ChargedCall> = {}, heldSeconds = 300): ChargedCall =>
  ({
    callId: 'call',
    state: 'running',
    invitedAt: at(1),
    answeredAt: at(2),
    dialog: { entry: 1, id: 7 },
    endReason: null,
    charge: {
      hold: { callId: 'call', heldFrom: at(2), seconds: heldSeconds, amount: datoshi(1n), holdUntil: at(9_999) },
    },
    ...given,
  }) as ChargedCall;
const looked = (given: Partial<Looked> = {}): Looked => ({
  call: call(),
  action: null,
  escrowEndsAt: at(86_400),
  ...given,
});
const extended = (seconds: number): Looked =>
  looked({ action: { kind: 'extend', call: call(), charge: call({}, seconds).charge } });

test('Kamailio is told nothing that it has from the beginning, and each moment once', async () => {
  const { told, state, restarted } = world();
  const timeouts = restarted();
  state.now = 3;
  await timeouts.tell([looked()]);
  expect(told).toEqual([]);
  state.now = 250;
  await timeouts.tell([extended(600)]);
  await timeouts.tell([looked({ call: call({}, 600) })]);
  expect(told).toEqual([[7, 352]]);
});

test('what a new deck has made shorter while it rang is told', async () => {
  const { told, state, restarted } = world();
  const timeouts = restarted();
  await timeouts.tell([looked({ call: call({ state: 'ringing', answeredAt: null }) })]);
  state.now = 3;
  await timeouts.tell([looked({ call: call({}, 100) })]);
  expect(told).toEqual([[7, 99]]);
});

test('an escrow that ends earlier ends its calls, also where it was extended and closed again', async () => {
  const { told, state, restarted } = world();
  const timeouts = restarted();
  state.now = 10;
  for (const end of [100, 100, 500, 60]) await timeouts.tell([looked({ escrowEndsAt: at(end) })]);
  expect(told).toEqual([
    [7, 90],
    [7, 292],
    [7, 50],
  ]);
});

test('of a call that began before this process, nobody knows what Kamailio was told', async () => {
  const { told, state, restarted } = world();
  state.now = 10;
  const timeouts = restarted();
  await timeouts.tell([looked()]);
  await timeouts.tell([looked()]);
  expect(told).toEqual([[7, 292]]);
});

test('an extension that Kamailio did not take is told again', async () => {
  const { told, state, restarted } = world({ isThere: false });
  const timeouts = restarted();
  state.now = 250;
  await timeouts.tell([extended(600)]);
  timeouts.forgetAllBut(new Set(['call']));
  await timeouts.tell([looked({ call: call({}, 600) })]);
  expect(told).toHaveLength(2);
});

test.each<[string, Looked]>([
  ['rings', looked({ call: call({ state: 'ringing', answeredAt: null, invitedAt: at(-9) }) })],
  ['is being ended', looked({ action: { kind: 'end', call: call(), reason: 'escrowEnded' } })],
  ['was ended', looked({ call: call({ endReason: 'connectionLost', invitedAt: at(-9) }) })],
  ['has an escrow no more', looked({ escrowEndsAt: null, call: call({ invitedAt: at(-9) }) })],
])('a call that %s needs no timer', async (_, each) => {
  const { told, restarted } = world();
  await restarted().tell([each]);
  expect(told).toEqual([]);
});
