import { expect, test } from 'vitest';
import { decideMedia, SILENCE_MS, type Side, STOPPED_MS } from './decide-media.ts';

const start = new Date('2026-01-31T12:00:00Z');
const at = (seconds: number) => new Date(start.getTime() + seconds * 1000);
const side = (last: number, given: Partial<Side> = {}): Side => {
  return { tag: String(last), packets: 1, lastPacketAt: at(last), isHeld: false, ...given };
};
const limit = SILENCE_MS / 1000;
/** The side that is heard from at the 30th second pays. */
const decide = (sides: readonly Side[] | null, lastFlow: Date, now: Date, limitMs?: number) =>
  decideMedia(sides, { lastFlow, now, limitMs, isPayer: (tag) => tag === '30' });

test('sound flows until the side that was heard from least lately has been silent for 20 s', () => {
  expect(decide([side(30), side(50)], at(0), at(30 + limit))).toEqual({ kind: 'flows', at: at(30) });
  expect(decide([side(30), side(50)], at(0), at(30.001 + limit))).toEqual({ kind: 'silent', since: at(30) });
});

test('a payer that never says anything pays for what is heard', () => {
  const dumb = side(30, { lastPacketAt: at(0), packets: 0 });
  expect(decide([dumb, side(25)], at(2), at(25))).toEqual({ kind: 'silent', since: at(25) });
});

test('of a call that is ended for another reason, sound that is less late has stopped', () => {
  expect(decide([side(30), side(50)], at(0), at(33), STOPPED_MS)).toEqual({ kind: 'flows', at: at(30) });
  expect(decide([side(30), side(50)], at(0), at(34), STOPPED_MS)).toEqual({ kind: 'silent', since: at(30) });
});

test('a call on hold is silent by intent', () => {
  expect(decide([side(30), side(50, { isHeld: true })], at(0), at(900))).toEqual({ kind: 'held' });
});

test('before the first packet it counts from the answer, and after a hold from its end', () => {
  expect(decide([side(0), side(0)], at(25), at(26))).toEqual({ kind: 'flows', at: at(25) });
});

test('a call that rtpengine does not know, or of which it knows one side, has no sound', () => {
  for (const sides of [null, [side(900)]]) {
    expect(decide(sides, at(10), at(10 + limit))).toEqual({ kind: 'flows', at: at(10) });
    expect(decide(sides, at(10), at(11 + limit))).toEqual({ kind: 'silent', since: at(10) });
  }
});
