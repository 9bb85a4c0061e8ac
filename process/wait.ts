import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { Outage } from './outage.ts';

/** Soon after it is back the work begins, and a server that just starts is not kept busy by refusals. */
const RETRY_MS = 1_000;

/**
 * At a start: does it as soon as what it needs is there. An orchestrator may start things in any order, and a machine
 * that boots starts all at once. That is said once. @throws what is no absence
 */
export async function waitFor<T>(
  log: Pick<Logger, 'warn'>,
  what: string,
  isAway: (error: unknown) => boolean,
  work: () => Promise<T>,
): Promise<T> {
  const outage = new Outage(log, `waiting for ${what}`);
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!isAway(error)) throw error;
      outage.report(error);
    }
    await sleep(RETRY_MS);
  }
}
