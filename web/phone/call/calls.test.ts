import { expect, test } from 'vitest';
import { begin, type CallState, next } from './call-state.ts';
import { mayCall, onIncoming, toHold } from './calls.ts';

const talking = next('outgoing', begin('outgoing'), { kind: 'answered', at: 0 });
const held = next('outgoing', talking, { kind: 'sound', direction: 'sendonly' });
const over = next('outgoing', talking, { kind: 'weHangUp', at: 1 });
const calls = (...states: CallState[]) => states.map((state, i) => ({ id: String(i), state }));

test('a second caller rings, a third one hears that the line is busy', () => {
  expect([onIncoming([]), onIncoming(calls(talking)), onIncoming(calls(talking, over))]).toEqual([
    'ring',
    'ring',
    'ring',
  ]);
  expect(onIncoming(calls(talking, begin('incoming')))).toBe('busy');
  expect([mayCall(calls(talking, over)), mayCall(calls(talking, held))]).toEqual([true, false]);
});

test('whoever gets the sound takes it from the others', () => {
  expect(toHold(calls(talking, begin('incoming')), '1')).toEqual(['0']);
  expect(toHold(calls(talking, held, over), '0')).toEqual([]);
});
