import { earlier, later } from './moments.ts';

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
/** In a call that is ended for another reason, so much says that its sound had stopped before. */
export const STOPPED_MS = 3_000;

export type Seen = {
  /** When sound came from both sides last, or the answer. */
  lastFlow: Date;
  now: Date;
  isPayer: (tag: string) => boolean;
  limitMs?: number | undefined;
};

/**
 * `sides`: null where rtpengine knows no such call, which then has no sound either. A payer that never sends anything
 * pays for what is heard: else who only listens would hear 20 s of each call for nothing.
 */
export function decideMedia(
  sides: readonly Side[] | null,
  { lastFlow, now, isPayer, limitMs = SILENCE_MS }: Seen,
): MediaVerdict {
  if (sides?.some(({ isHeld }) => isHeld)) return { kind: 'held' };
  const known = sides === null || sides.length < 2 ? [] : sides;
  const lasts = known.map(({ lastPacketAt }) => lastPacketAt);
  const at = later(lasts.length === 0 ? lastFlow : lasts.reduce(earlier), lastFlow);
  if (now.getTime() - at.getTime() <= limitMs) return { kind: 'flows', at };
  const onlyListens = known.some(({ tag, packets }) => packets === 0 && isPayer(tag));
  return { kind: 'silent', since: onlyListens ? lasts.reduce(later, lastFlow) : at };
}
