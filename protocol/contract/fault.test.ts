import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { faultMeaning, faultOf } from './fault.ts';

test('every message of the contract has its meaning, and no other', () => {
  const source = readFileSync(join(import.meta.dirname, '..', '..', 'contract', 'fault', 'fault.go'), 'utf8');
  const messages = [...source.matchAll(/^\s+\w+\s*=\s*"([^"]+)"$/gm)].map((match) => match[1] as string);
  expect(messages.length).toBeGreaterThan(20);
  expect(Object.keys(faultMeaning).toSorted()).toEqual(messages.toSorted());
});

test('the message is found in what the VM says', () => {
  expect(faultOf('at instruction 3051 (THROW): unhandled exception: "not deployed"')).toBe('not deployed');
  expect(faultOf('at instruction 1 (SYSCALL): gas limit exceeded')).toBeUndefined();
  expect(faultOf('at instruction 1 (THROW): unhandled exception: "toString"')).toBeUndefined();
});
