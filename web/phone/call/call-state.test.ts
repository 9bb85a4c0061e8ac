import fc from 'fast-check';
import { expect, test } from 'vitest';
import { begin, type CallEvent, type CallState, type Direction, isHeldByUs, next } from './call-state.ts';

const at = fc.integer({ min: 0, max: 1_000_000 });
const on = fc.boolean();
const reason = fc.option(fc.constantFrom('insufficientFunds', 'voucherMissing', '<img src=x onerror=alert(1)>'));
const status = fc.option(fc.constantFrom(400, 402, 403, 404, 408, 410, 480, 484, 486, 487, 500, 503, 600, 603, 604));
const event: fc.Arbitrary<CallEvent> = fc.oneof(
  fc.constantFrom<CallEvent>({ kind: 'sent' }, { kind: 'rings' }, { kind: 'weAnswer' }, { kind: 'up' }),
  fc.record({ kind: fc.constantFrom('answered', 'down', 'weHangUp', 'weDecline', 'noMicrophone', 'lost'), at }),
  fc.record({ kind: fc.constantFrom('mute', 'systemMute'), on }),
  fc.record({
    kind: fc.constant('sound'),
    direction: fc.constantFrom('sendrecv', 'sendonly', 'recvonly', 'inactive'),
  }),
  fc.record({ kind: fc.constant('failed'), at, status, reason }),
  fc.record({ kind: fc.constant('theyEnd'), at, reason, takenElsewhere: on }),
) as fc.Arbitrary<CallEvent>;
const direction = fc.constantFrom<Direction>('outgoing', 'incoming');
const run = (way: Direction, events: readonly CallEvent[]) => {
  const states: CallState[] = [begin(way)];
  for (const each of events) states.push(next(way, states.at(-1) as CallState, each));
  return states;
};
const answeredAt = (state: CallState) => ('answeredAt' in state ? state.answeredAt : null);

test('a call that is over stays as it is', () => {
  fc.assert(
    fc.property(direction, fc.array(event, { maxLength: 40 }), (way, events) => {
      const states = run(way, events);
      const end = states.findIndex(({ kind }) => kind === 'over');
      if (end >= 0) expect(new Set(states.slice(end)).size).toBe(1);
    }),
  );
});

test('it is answered once, at a moment that never changes, and ends no earlier', () => {
  fc.assert(
    fc.property(direction, fc.array(event, { maxLength: 40 }), (way, events) => {
      const states = run(way, events);
      const moments = states.map(answeredAt).filter((moment) => moment !== null);
      expect(new Set(moments).size).toBeLessThanOrEqual(1);
      const last = states.at(-1) as CallState;
      if (last.kind === 'over' && last.answeredAt !== null)
        expect(last.endedAt).toBeGreaterThanOrEqual(last.answeredAt);
      // what was talked is billed: it is never forgotten by the end of it
      if (last.kind === 'over') expect(last.answeredAt).toBe(moments[0] ?? null);
    }),
  );
});

test('nobody talks before it is answered, and whoever hangs up has ended it', () => {
  fc.assert(
    fc.property(direction, fc.array(event, { maxLength: 40 }), (way, events) => {
      const states = run(way, events);
      const first = events.findIndex(({ kind }) => kind === 'answered');
      const talks = states.findIndex(({ kind }) => kind === 'talking');
      if (talks >= 0) expect(talks).toBeGreaterThan(first);
      if (events.some(({ kind }) => kind === 'weHangUp')) expect(states.at(-1)?.kind).toBe('over');
    }),
  );
});

const follow = (way: Direction, ...events: CallEvent[]) => run(way, events).at(-1) as CallState;
const answered: CallEvent = { kind: 'answered', at: 1_000 };

test('hold is what was agreed on, whoever asked for it', () => {
  const held = follow('outgoing', answered, { kind: 'sound', direction: 'sendonly' });
  expect(held.kind === 'talking' && isHeldByUs(held)).toBe(true);
  const undone = next('outgoing', held, { kind: 'sound', direction: 'sendrecv' });
  expect(undone.kind === 'talking' && isHeldByUs(undone)).toBe(false);
});

test('a lost call has lasted until its line went down', () => {
  const lost = follow('outgoing', answered, { kind: 'down', at: 5_000 }, { kind: 'lost', at: 30_000 });
  expect(lost).toEqual({ kind: 'over', outcome: { kind: 'lost' }, answeredAt: 1_000, endedAt: 5_000 });
  const back = follow(
    'outgoing',
    answered,
    { kind: 'down', at: 5_000 },
    { kind: 'up' },
    { kind: 'weHangUp', at: 9_000 },
  );
  expect(back).toMatchObject({ endedAt: 9_000, outcome: { kind: 'hungUp', by: 'us' } });
});

test.each<[Direction, CallEvent[], object]>([
  ['outgoing', [{ kind: 'failed', at: 1, status: 486, reason: null }], { kind: 'busy' }],
  ['outgoing', [{ kind: 'failed', at: 1, status: 603, reason: null }], { kind: 'declined', by: 'them' }],
  ['outgoing', [{ kind: 'failed', at: 1, status: 480, reason: null }], { kind: 'away' }],
  ['outgoing', [{ kind: 'failed', at: 1, status: 404, reason: 'noTariff' }], { kind: 'refused', reason: 'noTariff' }],
  ['outgoing', [{ kind: 'failed', at: 1, status: 404, reason: null }], { kind: 'unknown' }],
  ['outgoing', [{ kind: 'failed', at: 1, status: null, reason: null }], { kind: 'lost' }],
  ['outgoing', [{ kind: 'weHangUp', at: 1 }], { kind: 'cancelled' }],
  ['incoming', [{ kind: 'weHangUp', at: 1 }], { kind: 'declined', by: 'us' }],
  ['incoming', [{ kind: 'theyEnd', at: 1, reason: null, takenElsewhere: false }], { kind: 'missed' }],
  ['incoming', [{ kind: 'theyEnd', at: 1, reason: null, takenElsewhere: true }], { kind: 'takenElsewhere' }],
  [
    'outgoing',
    [answered, { kind: 'theyEnd', at: 2_000, reason: 'voucherMissing', takenElsewhere: false }],
    {
      kind: 'endedByProvider',
      reason: 'voucherMissing',
    },
  ],
])('%s: %j', (way, events, outcome) => {
  const over = follow(way, { kind: 'sent' }, ...events);
  expect(over.kind === 'over' && over.outcome).toMatchObject(outcome);
});
