import pino from 'pino';
import { expect, test } from 'vitest';
import { createKey } from '../../protocol/sign/key.ts';
import { datoshi } from '../../protocol/types/datoshi.ts';
import { findCall, insertCall, notYet } from './calls.ts';
import type { Deps } from './deps.ts';
import type { Dialog } from './kamailio.ts';
import { createList } from './list.ts';
import { createMediaWatch } from './media.ts';
import { createMetrics } from './metrics.ts';
import { noteAnswer, noteBack, noteLost, recordEnd } from './record.ts';
import type { Rtpengine } from './rtpengine.ts';
import { openStore } from './store.ts';

/** What becomes of a call's record when what Kamailio and rtpengine say comes late, twice, or not at all. */

const start = new Date('2026-01-31T12:00:00Z').getTime();
const at = (seconds: number) => new Date(start + seconds * 1000);
const dialog: Dialog = { entry: 1, id: 1, sipCallId: 'call', callId: 'call', isAnswered: true };

/** A call that rings since the beginning: 5,000 datoshi, and 1,000 a second in steps of six. */
function world() {
  const store = openStore(':memory:');
  const state = { seconds: 0, uptimeS: 86_400, dialogs: [] as Dialog[] };
  const sides: Awaited<ReturnType<Rtpengine['query']>> = [];
  const hungUp: string[] = [];
  const deps = {
    store,
    log: pino({ level: 'silent' }),
    metrics: createMetrics(),
    decks: { price: () => ({ kind: 'noDeck' }) },
    now: () => at(state.seconds),
    kamailio: {
      uptimeS: async () => state.uptimeS,
      dialogs: async () => state.dialogs,
      hangUp: async (_: unknown, reason: string) => hungUp.push(reason) > 0,
    },
    rtpengine: { query: async () => sides },
  } as unknown as Deps;
  const terms = {
    ratePerSecond: datoshi(1_000n),
    feePerCall: datoshi(5_000n),
    initialIncrement: 6,
    increment: 6,
  };
  const held = { callId: 'call', heldFrom: at(0), seconds: 300, amount: datoshi(305_000n), holdUntil: at(300) };
  insertCall(store, {
    ...{ callId: 'call', sipCallId: 'call', fromTag: 'caller', request: '1:1', user: createKey().address },
    ...{ method: 'INVITE', direction: 'outbound', from: 'N', to: '+31201234567', state: 'ringing', invitedAt: at(0) },
    ...notYet,
    charge: { escrowId: 1n, terms, entry: '+31', tariffHash: null, hold: held },
  });
  const list = (seconds: number, dialogs: Dialog[]) => {
    Object.assign(state, { seconds, dialogs });
    return lists();
  };
  let lists = createList(deps);
  return {
    ...{ store, state, deps, sides, hungUp, list },
    restart: () => {
      lists = createList(deps);
    },
    answer: (seconds: number) => noteAnswer(deps, 'call', { at: at(seconds), dialog }),
    end: (answered: number, ended: number) =>
      recordEnd(deps, 'call', {
        ...{ answeredAt: at(answered), endedAt: at(ended), sipStatus: 200, hangupBy: 'callee' },
      }),
    call: () => findCall(store, 'call'),
    record: () => store.prepare('select answered_at, ended_at, price, hangup_by from calls').get(),
  };
}

test('what ended while the service was away is billed by the report that waits in Kamailio', async () => {
  const it = world();
  it.answer(0);
  await it.list(5, [dialog]);
  it.restart();
  await it.list(65, []);
  expect(it.end(0, 50)).toBe('recorded');
  expect(it.record()).toMatchObject({ price: 5_000n + 54_000n });
});

test('so is what was answered meanwhile', async () => {
  const it = world();
  it.restart();
  await it.list(65, []);
  it.answer(2);
  it.end(2, 50);
  expect(it.record()).toMatchObject({ price: 5_000n + 48_000n });
});

test('a call that Kamailio does not find for 30 s is closed where it was seen last', async () => {
  const it = world();
  it.answer(1);
  await it.list(5, [dialog]);
  await it.list(10, []);
  await it.list(40, []);
  expect(it.call()?.state).toBe('running');
  await it.list(41, []);
  expect(it.record()).toMatchObject({ hangup_by: 'lost', ended_at: BigInt(at(5).getTime()) });
});

test('one that is older than Kamailio is closed at once', async () => {
  const it = world();
  it.answer(1);
  await it.list(5, [dialog]);
  it.state.uptimeS = 1;
  await it.list(9, []);
  expect(it.record()).toMatchObject({ hangup_by: 'lost', ended_at: BigInt(at(5).getTime()) });
});

test('a list that comes between an answer and its report moves neither the answer nor the hold', async () => {
  const it = world();
  await it.list(60, [dialog]);
  expect(it.call()?.state).toBe('ringing');
  it.answer(59.9);
  expect(it.call()?.answeredAt).toEqual(at(59.9));
  expect(it.call()?.charge?.hold.heldFrom).toEqual(at(59.9));
});

test('an answer that nobody reports is taken from the list, until its report comes', async () => {
  const it = world();
  await it.list(60, [dialog]);
  await it.list(65, [dialog]);
  expect(it.call()).toMatchObject({ state: 'running', answeredAt: at(60) });
  expect(it.call()?.charge?.hold.heldFrom).toEqual(at(60));
  it.answer(58);
  expect(it.call()).toMatchObject({ state: 'running', answeredAt: at(58) });
  expect(it.call()?.charge?.hold.heldFrom).toEqual(at(58));
});

test('a phone that was cut off is billed until then, whoever hangs up first', () => {
  const it = world();
  it.answer(0);
  noteLost(it.deps, 'call', at(11));
  it.end(0, 25);
  expect(it.record()).toMatchObject({ price: 5_000n + 12_000n });
});

test('one that has come back is billed to its end', () => {
  const it = world();
  it.answer(0);
  noteLost(it.deps, 'call', at(11));
  noteBack(it.deps, 'call');
  it.end(0, 25);
  expect(it.record()).toMatchObject({ price: 5_000n + 30_000n });
});

test('who only listens pays for what is heard; a call that is to end is hung up on again, though its sound flows', async () => {
  const it = world();
  it.answer(0);
  const look = createMediaWatch(it.deps);
  const side = (tag: string, seconds: number, packets = 1) => {
    return { tag, packets, lastPacketAt: at(seconds), isHeld: false };
  };
  it.state.seconds = 25;
  it.sides.push(side('caller', 0, 0), side('callee', 24));
  await look();
  it.sides.splice(0, 2, side('caller', 60), side('callee', 60));
  it.state.seconds = 60;
  await look();
  expect(it.hungUp).toEqual(['noMedia', 'noMedia']);
  it.end(0, 61);
  expect(it.record()).toMatchObject({ price: 5_000n + 24_000n });
});
