import { expect, test } from 'vitest';
import type { Block } from '../chain/blocks.ts';
import { inBatches } from './batch.ts';

const blocks = (first: number, ...counts: number[]) =>
  counts.map((length, i) => ({ height: first + i, notifications: Array(length) })) as unknown as Block[];

async function* reading(...reads: Block[][]): AsyncGenerator<Block[]> {
  yield* reads;
}

async function batched(...reads: Block[][]): Promise<number[][]> {
  const batches: number[][] = [];
  for await (const batch of inBatches(reading(...reads), 1_000)) batches.push(batch.map(({ height }) => height));
  return batches;
}

test.each<[string, Block[][], number[][]]>([
  ['quiet blocks of several reads are together', [blocks(1, 0, 1), blocks(3, 2)], [[1, 2, 3]]],
  [
    'those before one too many',
    [blocks(1, 1_000, 900, 200, 1)],
    [
      [1, 2],
      [3, 4],
    ],
  ],
  ['a large one is alone', [blocks(1, 1, 200_000, 1)], [[1], [2], [3]]],
  ['none of none', [[]], []],
  ['a batch ends with a height of which the digests are kept', [blocks(998, 1, 1, 1, 1)], [[998, 999, 1_000], [1_001]]],
])('%s', async (_name, reads, expected) => {
  expect(await batched(...reads)).toEqual(expected);
});

test('a quiet chain is committed some hundred blocks at a time', async () => {
  const batches = await batched(blocks(1, ...Array(750).fill(0)));
  expect(batches.map(({ length }) => length)).toEqual([500, 250]);
});
