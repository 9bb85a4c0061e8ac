import { MAX_INCREMENT_S } from '../../protocol/call/rate-deck.ts';
import { isBad, type Read } from './read.ts';

/** Seconds that are billed at least, and in which is counted above that. */
export type Increments = { initial: number; next: number };

const expectedSeconds = `expected whole seconds from 1 to ${MAX_INCREMENT_S}`;

export function readSeconds(cell: string): Read<number> {
  const seconds = /^\d{1,4}$/.test(cell) ? Number(cell) : 0;
  return seconds >= 1 && seconds <= MAX_INCREMENT_S ? { value: seconds } : { expected: expectedSeconds };
}

/** `60/60`, `30-6`, `1+1`; one number stands for both. */
export function readIncrements(cell: string): Read<Increments> {
  const [first, second = first, ...more] = cell.split(/\s*[/+-]\s*/);
  const [initial, next] = [readSeconds(first ?? ''), readSeconds(second ?? '')];
  if (isBad(initial) || isBad(next) || more.length > 0)
    return { expected: `${expectedSeconds}, the initial and the next increment, e.g. 60/60, 1/1 or 30/6` };
  return { value: { initial: initial.value, next: next.value } };
}
