import { expect, test } from 'vitest';
import { batchSize } from './batch-size.ts';

const halted = (size: number) => ({ halted: true, size });
const faulted = (size: number) => ({ halted: false, size });

test.each([
  ['the largest at first', [], 512],
  ['the largest after small ones that went well', [halted(1), halted(3)], 512],
  ['a quarter after a fault', [faulted(512)], 128],
  ['a quarter of those that there were', [halted(512), faulted(40)], 10],
  ['one alone at last', [faulted(512), faulted(128), faulted(3)], 1],
  ['not fewer than one', [faulted(1), faulted(1)], 1],
  ['four times as many after one that went well', [faulted(4), halted(1)], 4],
  ['the largest again, in the end', [faulted(1), halted(1), halted(4), halted(16), halted(64)], 256],
])('%s', (_name, transactions, size) => {
  expect(batchSize(transactions)).toBe(size);
});

test('a largest of its own', () => {
  expect(batchSize([], 64)).toBe(64);
  expect(batchSize([faulted(64), halted(16), halted(64)], 64)).toBe(64);
});
