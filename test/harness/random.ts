/** Choices that a seed and a tag determine: a new use with a tag of its own does not shift the others. */
export function seededRandom(seed: number, tag: string) {
  let state = seed >>> 0;
  for (const letter of tag) state = (Math.imul(state ^ letter.charCodeAt(0), 0x0100_0193) + 0x9e37) >>> 0;
  /** mulberry32: 0 <= x < 1. */
  const next = (): number => {
    state = (state + 0x6d2b_79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return {
    /** 0 .. limit - 1 */
    upTo: (limit: number): number => Math.floor(next() * limit),
    chance: (probability: number): boolean => next() < probability,
    pick: <T>(items: readonly T[]): T => items[Math.floor(next() * items.length)] as T,
  };
}
