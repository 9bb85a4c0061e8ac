import { expect, test } from 'vitest';
import type { Block } from '../chain/blocks.ts';
import { firstOf } from './follow.ts';

const blocks = (...counts: number[]) =>
  counts.map((length) => ({ notifications: Array(length) })) as unknown as Block[];

test.each([
  ['all of quiet blocks', blocks(0, 9_999, 1), 3],
  ['those before one too many', blocks(9_000, 900, 200, 1), 2],
  ['the first one in any case', blocks(200_000, 1), 1],
  ['none of none', blocks(), 0],
])('%s', (_name, read, count) => {
  expect(firstOf(read)).toHaveLength(count);
});
