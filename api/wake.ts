import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import type { z } from 'zod';
import { defaultPrefix, type jobs, settlerQueue } from '../database/queues.ts';
import { Outage } from '../process/outage.ts';
import { describe, type Logger } from '../process/run.ts';

/** Tells the settler of CDRs that were just committed. It finds them anyway: this only makes it sooner. */
export type Wake = {
  /** Never fails, and holds the request up for a bounded time only. */
  rate(cdrIds: readonly bigint[]): Promise<void>;
  isReady(): Promise<boolean>;
  close(): Promise<void>;
};

/** Redis answers in about a millisecond; one that takes longer than this is not worth a provider's waiting. */
const LIMIT_MS = 500;
/** Failed wake-ups are of no interest: the settler's sweep does their work. */
const KEPT_FAILURES = 100;

export function createWake(redisUrl: string, log: Logger): Wake {
  const redis = new Redis(redisUrl, { maxRetriesPerRequest: null, enableOfflineQueue: false });
  const outage = new Outage(log, 'Redis is away');
  redis.on('ready', () => outage.end());
  redis.on('error', (error) => outage.report(error));
  const queue = new Queue<z.infer<typeof jobs.rate>>(settlerQueue, {
    connection: redis,
    prefix: defaultPrefix,
    defaultJobOptions: { removeOnComplete: true, removeOnFail: KEPT_FAILURES },
    skipVersionCheck: true,
  });
  queue.on('error', () => {}); // said above

  return {
    rate: async (ids) => {
      if (ids.length === 0 || redis.status !== 'ready') return;
      const added = queue.add('rate', { cdrIds: ids.map(String) }).then(
        () => undefined,
        (error) => log.warn(`the settler was not woken up: ${describe(error)}`),
      );
      await within(LIMIT_MS, added);
    },
    isReady: async () => {
      if (redis.status !== 'ready') return false;
      const answered = redis.ping().then(
        () => true,
        () => false,
      );
      return (await within(LIMIT_MS, answered)) ?? false;
    },
    close: async () => {
      await within(
        LIMIT_MS,
        queue.close().catch(() => {}),
      );
      redis.disconnect();
    },
  };
}

/** What a promise comes to, or undefined where that takes longer. */
async function within<T>(limitMs: number, promise: Promise<T>): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), limitMs);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}
