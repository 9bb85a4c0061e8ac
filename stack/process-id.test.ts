import { expect, test } from 'vitest';
import { identify, isAlive, parseStat } from './process-id.ts';

test('the start time is found whatever the process calls itself', () => {
  const rest = ['S', ...Array.from({ length: 18 }, (_, index) => String(index)), '4711', '0'].join(' ');
  expect(parseStat(`77 (sh) ${rest}`)).toEqual({ state: 'S', startTicks: '4711' });
  expect(parseStat(`77 (a) b (c) ${rest}`)).toEqual({ state: 'S', startTicks: '4711' });
  expect(parseStat('')).toBeUndefined();
});

test('a process is alive, and another start time is another process', () => {
  const self = identify(process.pid);
  expect(self && isAlive(self)).toBe(true);
  expect(isAlive({ pid: process.pid, startTicks: '1' })).toBe(false);
  expect(identify(-1)).toBeUndefined();
});
