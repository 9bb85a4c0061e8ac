import { expect, test } from 'vitest';
import { claimCode } from '../contract/claim.ts';
import { type ReasonCode, reasons, waitingFor, wordsOf } from './reasons.ts';

const codes = Object.values(reasons).flatMap((group) => Object.keys(group)) as ReasonCode[];

test('a code says one thing: it stands in one group, and no two codes have the same words', () => {
  expect(new Set(codes).size).toBe(codes.length);
  expect(new Set(codes.map(wordsOf)).size).toBe(codes.length);
});

test('each says what was wrong, and what the provider can do', () => {
  for (const group of Object.values(reasons))
    for (const { what, remedy } of Object.values(group)) {
      expect(what).not.toMatch(/;/);
      expect(remedy.length).toBeGreaterThan(0);
    }
});

test('whatever the chain would say of a claim, its calls wait with a reason of their own', () => {
  expect(Object.keys(waitingFor)).toEqual(Object.keys(claimCode));
  for (const reason of Object.values(waitingFor)) expect(Object.keys(reasons.waiting)).toContain(reason);
});
