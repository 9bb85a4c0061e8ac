import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Action, advance, CALL_LIMIT_MS, type Doubt, type Recovery, type RecoveryEvent } from './recovery.ts';

const doubts: Doubt[] = ['online', 'visible', 'clock', 'ice', 'silence', 'closed', 'unanswered', 'asked', 'called'];
const steps = ['proving', 'connecting', 'registering', 'offering', 'listening'] as const;
const what = fc.oneof(
  fc.record({ kind: fc.constant('doubt'), why: fc.constantFrom(...doubts) }),
  fc.record({ kind: fc.constant('done'), step: fc.constantFrom(...steps) }),
  fc.record({ kind: fc.constant('failed'), step: fc.constantFrom(...steps), final: fc.constant(false) }),
  fc.constant({ kind: 'tick' }),
) as fc.Arbitrary<RecoveryEvent>;
const happening = fc.record({ what, ms: fc.integer({ min: 0, max: 3_000 }), isSilent: fc.boolean() });

test('one step at a time, none without an end, and each is begun by its own action', () => {
  fc.assert(
    fc.property(fc.array(happening, { maxLength: 60 }), fc.integer({ min: 0, max: 2 }), (happenings, calls) => {
      let state: Recovery = { kind: 'steady' };
      let at = 0;
      for (const each of happenings) {
        at += each.ms;
        const before: Recovery = state;
        const { state: after, action } = advance(before, { ...each.what, at } as RecoveryEvent, { ...each, calls });
        if (action !== null && action !== 'drop') expect(after.kind).toBe(action);
        if (after !== before && 'until' in after) expect(after.until).toBeGreaterThan(at);
        if (action === 'drop') expect(calls).toBeGreaterThan(0);
        state = after;
      }
    }),
  );
});

/** A world that answers each step as it is told, in a second each. */
function play(answers: Partial<Record<(typeof steps)[number], boolean>>, calls: number, why: Doubt, seconds = 60) {
  const actions: Action[] = [];
  let { state, action } = advance({ kind: 'steady' }, { kind: 'doubt', why, at: 0 }, { calls, isSilent: true });
  for (let at = 1_000; at <= seconds * 1_000; at += 1_000) {
    if (action !== null) actions.push(action);
    if (action === 'drop' || state.kind === 'steady') break;
    const step = steps.find((each) => each === action);
    const event: RecoveryEvent =
      step && answers[step] !== undefined
        ? answers[step]
          ? { kind: 'done', step, at }
          : { kind: 'failed', step, at, final: false }
        : { kind: 'tick', at };
    ({ state, action } = advance(state, event, { calls, isSilent: true }));
  }
  return { actions, state };
}
const works = { proving: true, connecting: true, registering: true, offering: true, listening: true };

test('a network that has changed: the old connection is tried first, and the sound is offered anew', () => {
  expect(play(works, 1, 'online')).toEqual({
    actions: ['proving', 'offering', 'listening'],
    state: { kind: 'steady' },
  });
  expect(play({ ...works, proving: false }, 1, 'online').actions).toEqual([
    ...['proving', 'connecting', 'registering', 'offering', 'listening'],
  ]);
});

test('a connection that is gone is made anew; without a call a registration is all', () => {
  expect(play(works, 0, 'closed').actions).toEqual(['connecting', 'registering']);
  expect(play(works, 0, 'called').actions).toEqual(['connecting', 'registering']);
  expect(play(works, 1, 'called').actions[0]).toBe('proving'); // a call that runs is worth a look first
  expect(play(works, 1, 'closed').actions).toEqual(['connecting', 'registering', 'offering', 'listening']);
});

test('a call is dropped when its time is over, and not before', () => {
  const { actions } = play({ connecting: false }, 1, 'closed', 120);
  expect(actions.at(-1)).toBe('drop');
  expect(actions.filter((action) => action === 'connecting').length).toBeGreaterThan(CALL_LIMIT_MS / 3_000);
  expect(play({ connecting: false }, 0, 'closed', 120).actions).not.toContain('drop');
});

test('without a call the network is left alone for longer each time', () => {
  const tries = play({ connecting: false }, 0, 'closed', 600).actions.length;
  expect(tries).toBeGreaterThan(15);
  expect(tries).toBeLessThan(30);
});

test('sound that is there needs no new offer; a provider that refuses is left alone until somebody asks', () => {
  const proving = advance({ kind: 'steady' }, { kind: 'doubt', why: 'visible', at: 0 }, { calls: 1, isSilent: false });
  const proven = advance(proving.state, { kind: 'done', step: 'proving', at: 1 }, { calls: 1, isSilent: false });
  expect(proven).toEqual({ state: { kind: 'steady' }, action: null });
  const registering: Recovery = { kind: 'registering', since: 0, until: 9, attempt: 0 };
  const refusal: RecoveryEvent = { kind: 'failed', step: 'registering', at: 1, final: true };
  const refused = advance(registering, refusal, { calls: 0, isSilent: false });
  expect(refused).toEqual({ state: { kind: 'refused' }, action: null });
  const online: RecoveryEvent = { kind: 'doubt', why: 'online', at: 2 };
  expect(advance(refused.state, online, { calls: 0, isSilent: false }).action).toBeNull();
  const asked: RecoveryEvent = { kind: 'doubt', why: 'asked', at: 3 };
  expect(advance(refused.state, asked, { calls: 0, isSilent: false }).action).toBe('connecting');
});
