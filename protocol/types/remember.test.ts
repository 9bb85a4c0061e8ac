import { expect, test } from 'vitest';
import { remember } from './remember.ts';

test('what was asked is not computed again, until so many others were asked', () => {
  const asked: number[] = [];
  const half = remember(3, (n: number) => {
    asked.push(n);
    return n % 2 === 0 ? n / 2 : undefined;
  });
  const answers = [1, 2, 3, 1, 2, 3].map(half);
  expect(answers).toEqual([undefined, 1, undefined, undefined, 1, undefined]);
  expect(asked).toEqual([1, 2, 3]);
  expect([half(4), half(2), half(1)]).toEqual([2, 1, undefined]);
  expect(asked).toEqual([1, 2, 3, 4, 1]);
});

test('an answer that failed is asked for again', () => {
  let failures = 1;
  const answer = remember(3, (n: number) => {
    if (failures-- > 0) throw new Error('not now');
    return n;
  });
  expect(() => answer(1)).toThrow('not now');
  expect(answer(1)).toBe(1);
});
