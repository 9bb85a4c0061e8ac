import type { Database } from '../database/connection.ts';
import { describe, type Logger } from '../process/run.ts';
import { deleteOverHolds } from './calls/write-holds.ts';
import { deleteExpiredNonces } from './signature/nonces.ts';

const SWEEP_MS = 10_000;

/** Deletes what no longer counts, some at a time; several servers do not wait for each other. */
export function sweepRegularly(db: Database, log: Logger): { stop(): Promise<void> } {
  let sweeping = Promise.resolve();
  const timer = setInterval(() => {
    sweeping = sweeping
      .then(() => deleteExpiredNonces(db, new Date()))
      .then(() => deleteOverHolds(db))
      .catch((error) => log.debug(describe(error)));
  }, SWEEP_MS);
  return {
    stop: () => {
      clearInterval(timer);
      return sweeping;
    },
  };
}
