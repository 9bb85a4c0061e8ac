import { expect } from 'vitest';
import type { Sound } from './sound.ts';

/** A second of speech: 50 packets. A busy machine takes longer for it. */
const ENOUGH_PACKETS = 50;

/** Sound comes, can be heard, and goes, from now on. */
export async function expectSound(counted: () => Promise<Sound>): Promise<void> {
  const before = await counted();
  const flowing = async () => {
    const now = await counted();
    // counters begin anew with a new connection
    const more = (name: 'packets' | 'sent') => (now[name] >= before[name] ? now[name] - before[name] : now[name]);
    return { packets: more('packets'), sent: more('sent'), isHeard: now.energy !== before.energy };
  };
  const enough = expect.toSatisfy((packets: number) => packets >= ENOUGH_PACKETS);
  await expect
    .poll(flowing, { timeout: 30_000, interval: 200 })
    .toEqual({ packets: enough, sent: enough, isHeard: true });
}
