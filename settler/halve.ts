/** Why claims did not become a transaction together. */
export type Trouble =
  /** The chain would not run them, or their script is too long. */
  | 'refused'
  /** They cost more than may be spent on one transaction. */
  | 'tooDear'
  /** They cost more than is left to be spent. */
  | 'outOfMoney';

export type Some<T> = readonly [T, ...T[]];

export type Next<T> =
  /** Each half is tried on its own, one after the other. */
  | { kind: 'both'; first: Some<T>; second: Some<T> }
  /** The rest waits for money. */
  | { kind: 'first'; first: Some<T> }
  /** It alone is to blame, and others come first for a while. */
  | { kind: 'setAside'; one: T; reason: 'refusedByChain' | 'feeLimit' }
  /** Not even one can be paid for. */
  | { kind: 'wait' };

/**
 * What is tried next (pure). One claim that the chain refuses is found among n in log2(n) steps; the others are sealed.
 */
export function halve<T>(batch: Some<T>, trouble: Trouble): Next<T> {
  const [one, ...more] = batch;
  const middle = Math.ceil(batch.length / 2);
  const first: Some<T> = [one, ...more.slice(0, middle - 1)];
  const [next, ...others] = more.slice(middle - 1);
  if (trouble === 'outOfMoney') return next === undefined ? { kind: 'wait' } : { kind: 'first', first };
  if (next !== undefined) return { kind: 'both', first, second: [next, ...others] };
  return { kind: 'setAside', one, reason: trouble === 'tooDear' ? 'feeLimit' : 'refusedByChain' };
}
