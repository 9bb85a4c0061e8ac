/** When each loop last came round: a settler that hangs looks well from outside, as its stores and node are. */
export type Pulse = {
  beat(loop: string): void;
  /** `ok`, or which loop has not come round for long. */
  check(): Promise<string>;
};

/** A round with many claims is minutes long where a node is slow; the longest that was seen took seconds. */
const LIMIT_MS = 300_000;

export function createPulse(loops: readonly string[], now: () => number = () => performance.now()): Pulse {
  const beats = new Map(loops.map((loop) => [loop, now()]));
  return {
    beat: (loop) => void beats.set(loop, now()),
    check: async () => {
      const late = [...beats].filter(([, at]) => now() - at > LIMIT_MS);
      return late.length === 0
        ? 'ok'
        : `not come round for ${LIMIT_MS / 1000} s: ${late.map(([name]) => name).join(', ')}`;
    },
  };
}
