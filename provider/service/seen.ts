import { PASSPORT_LIFE_S } from '../../protocol/sign/passport.ts';

export type SeenIdentities = { isNew(key: string, now: Date): boolean };

/** Each is taken once, for as long as it would be believed. */
export function createSeenIdentities(): SeenIdentities {
  const seen = new Map<string, number>();
  return {
    isNew: (key, now) => {
      for (const [old, until] of seen) {
        if (until > now.getTime()) break; // in the order in which they came
        seen.delete(old);
      }
      if (seen.has(key)) return false;
      seen.set(key, now.getTime() + 2 * PASSPORT_LIFE_S * 1000);
      return true;
    },
  };
}
