/** Whether the sound of a call still flows. What is billed is sound, not signalling: so a lost BYE bills no hours. */

/** One side of a call's sound, as rtpengine sees what comes from it. */
export type Side = { tag: string; packets: number; lastPacketAt: Date; isHeld: boolean };

export type MediaVerdict =
  /** `at`: sound has come from both sides until then. */
  | { kind: 'flows'; at: Date }
  | { kind: 'held' }
  /** One side has fallen silent: billed until then. */
  | { kind: 'silent'; since: Date };

/** Longer than any pause of a codec that saves silence, shorter than anybody waits. */
export const SILENCE_MS = 20_000;

/**
 * `sides`: null where rtpengine knows no such call, which then has no sound either. `lastFlow`: when sound came from
 * both sides last, or the answer.
 */
export function decideMedia(sides: readonly Side[] | null, lastFlow: Date, now: Date): MediaVerdict {
  if (sides?.some(({ isHeld }) => isHeld)) return { kind: 'held' };
  const last = sides === null || sides.length < 2 ? lastFlow : earliest(sides);
  const at = last > lastFlow ? last : lastFlow;
  return now.getTime() - at.getTime() > SILENCE_MS ? { kind: 'silent', since: at } : { kind: 'flows', at };
}

const earliest = (sides: readonly Side[]): Date =>
  sides.reduce(
    (first, { lastPacketAt }) => (lastPacketAt < first ? lastPacketAt : first),
    sides[0]?.lastPacketAt as Date,
  );
