import { expect, test } from 'vitest';
import type { Block } from '../chain/blocks.ts';
import { createSizing, type ReadSome, readInOrder } from './fetch.ts';

const block = (height: number, notifications = 0) =>
  ({ height, notifications: Array(notifications).fill(null) }) as unknown as Block;

async function piecesOf(read: ReadSome, aligned: number, from: number, to: number): Promise<number[][]> {
  const pieces: number[][] = [];
  for await (const blocks of readInOrder(read, createSizing(), aligned, from, to))
    pieces.push(blocks.map(({ height }) => height));
  return pieces;
}
const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i);

test('every block once and in order, though later requests are answered sooner and some only in part', async () => {
  let asked = 0;
  const read: ReadSome = async (from, count) => {
    asked += 1;
    await new Promise((resolve) => setTimeout(resolve, asked % 2 === 0 ? 0 : 3));
    return range(from, from + Math.ceil(count / 2) - 1).map((height) => block(height));
  };
  expect((await piecesOf(read, 1_000, 5, 304)).flat()).toEqual(range(5, 304));
});

test('what is given at once ends at a height of which the digests are kept', async () => {
  const read: ReadSome = async (from, count) => range(from, from + count - 1).map((height) => block(height));
  const pieces = await piecesOf(read, 20, 5, 65);
  expect(pieces.flat()).toEqual(range(5, 65));
  expect(pieces.map((heights) => heights.at(-1)).filter((height) => Number(height) % 20 === 0)).toEqual([20, 40, 60]);
});

test('requests grow on a quiet chain, shrink on a busy one, and are never more than a node takes', async () => {
  const sizing = createSizing();
  const learn = (notifications: number) => {
    sizing.learn(Array.from({ length: sizing.count() }, (_, i) => block(i, notifications)));
    return sizing.count();
  };
  expect(Array.from({ length: 6 }, () => learn(0))).toEqual([4, 8, 16, 32, 50, 50]);
  expect(learn(50)).toBe(10);
  expect(learn(5_000)).toBe(1);
  expect(learn(5_000)).toBe(1);
  expect(learn(0)).toBe(2);
});

test('so many requests at a time, and a failure is thrown in its turn', async () => {
  let underWay = 0;
  let most = 0;
  const read: ReadSome = async (from, count) => {
    underWay += 1;
    most = Math.max(most, underWay);
    await new Promise((resolve) => setTimeout(resolve, 1));
    underWay -= 1;
    if (from > 20) throw new Error('no more');
    return range(from, from + count - 1).map((height) => block(height));
  };
  const seen: number[] = [];
  const reading = async () => {
    for await (const blocks of readInOrder(read, createSizing(), 1_000, 1, 500))
      seen.push(...blocks.map(({ height }) => height));
  };
  await expect(reading()).rejects.toThrow('no more');
  expect(seen).toEqual(range(1, seen.length));
  expect(seen.length).toBeGreaterThan(10);
  expect(most).toBe(2);
});
