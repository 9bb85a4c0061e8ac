import { MAX_MOMENTS } from '../kamailio/limits-file.ts';

/** How often something happened within a window of time: for what need not survive a restart. */
export type Rates = {
  /** Answers how often it happened lately, this time included, and notes it. */
  note(what: string, who: string, windowMs: number, now: Date): number;
  /** Answers how often it happened lately, and notes nothing. */
  count(what: string, who: string, windowMs: number, now: Date): number;
};

/** Who is remembered; past this the oldest are forgotten: a flood of made-up names must not fill the memory. */
const MAX_KEYS = 20_000;

export function createRates(): Rates {
  const moments = new Map<string, number[]>();

  function lately(key: string, windowMs: number, now: Date): number[] {
    const kept = moments.get(key) ?? [];
    const first = kept.findIndex((at) => at > now.getTime() - windowMs);
    kept.splice(0, first === -1 ? kept.length : first);
    return kept;
  }

  return {
    note: (what, who, windowMs, now) => {
      const key = `${what} ${who}`;
      const kept = lately(key, windowMs, now);
      if (kept.length < MAX_MOMENTS) kept.push(now.getTime());
      moments.delete(key); // to the end of the order in which they are forgotten
      moments.set(key, kept);
      const [oldest] = moments.keys();
      if (moments.size > MAX_KEYS && oldest !== undefined) moments.delete(oldest);
      return kept.length;
    },
    count: (what, who, windowMs, now) => lately(`${what} ${who}`, windowMs, now).length,
  };
}
