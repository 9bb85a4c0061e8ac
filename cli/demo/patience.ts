import { setTimeout as sleep } from 'node:timers/promises';
import { ApiNotNow, ApiUnreachable } from '../../protocol/api/failure.ts';

/** A process that died is up again within seconds, or within half a minute where it died again and again. */
const LIMIT_MS = 120_000;
const AGAIN_MS = 250;

export type Asked<T> = {
  answer: T;
  /** Whether it was asked before: that one may have been taken, and only its answer lost. */
  again: boolean;
};

/** Asks until there is an answer, as a provider's proxy does: services come and go, calls go on. */
export async function patiently<T>(ask: () => Promise<T>): Promise<Asked<T>> {
  const deadline = Date.now() + LIMIT_MS;
  for (let again = false; ; again = true) {
    try {
      return { answer: await ask(), again };
    } catch (error) {
      const { cause } = error as Error;
      const mayPass = cause instanceof ApiNotNow || cause instanceof ApiUnreachable;
      if (!mayPass || Date.now() > deadline) throw error;
      await sleep(AGAIN_MS);
    }
  }
}
