import { Queue } from 'bullmq';
import { ReplyError } from 'ioredis';
import type { z } from 'zod';
import { defaultPrefix, type jobs, settlerQueue } from '../database/queues.ts';
import { describe, type Logger } from '../process/run.ts';
import { within } from '../process/within.ts';
import type { RedisLink } from './redis.ts';

/** Tells the settler of CDRs that were just committed. It finds them anyway: this only makes it sooner. */
export type Wake = {
  /** Never fails, and no request waits for it: what comes while Redis is told of others is told together. */
  rate(cdrIds: readonly bigint[]): void;
  /** `ok` where Redis takes what wakes the settler; else what is wrong, in words that strangers may read. */
  check(): Promise<string>;
  close(): Promise<void>;
};

/** Redis answers in about a millisecond; one that takes longer than this is not worth a provider's waiting. */
const LIMIT_MS = 500;
/** Of one job. */
const MAX_IDS = 1_000;
/** Written to see that Redis takes writes; among the queue's keys, as an ACL may allow these only. */
const checkKey = `${defaultPrefix}:readyz`;
const CHECK_KEPT_S = 60;
/** Failed wake-ups are of no interest: the settler's sweep does their work. */
const KEPT_FAILURES = 100;

export function createWake({ redis, trouble }: RedisLink, log: Logger): Wake {
  const queue = new Queue<z.infer<typeof jobs.rate>>(settlerQueue, {
    connection: redis,
    prefix: defaultPrefix,
    defaultJobOptions: { removeOnComplete: true, removeOnFail: KEPT_FAILURES },
    skipVersionCheck: true,
  });
  queue.on('error', () => {}); // the connection says it

  let untold: bigint[] = [];
  let isTelling = false;

  async function tell(): Promise<void> {
    isTelling = true;
    while (untold.length > 0 && redis.status === 'ready') {
      const ids = untold.slice(0, MAX_IDS);
      untold = untold.slice(MAX_IDS);
      const added = queue.add('rate', { cdrIds: ids.map(String) }).then(
        () => undefined,
        (error) => log.warn(`the settler was not woken up: ${describe(error)}`),
      );
      await within(LIMIT_MS, added);
    }
    untold = []; // Redis is away: the settler's rounds find them
    isTelling = false;
  }

  return {
    rate: (ids) => {
      if (ids.length === 0 || redis.status !== 'ready') return;
      untold.push(...ids);
      if (!isTelling) void tell();
    },
    check: async () => {
      if (redis.status !== 'ready') return refusalOf(trouble()) ?? 'away';
      const written = redis.set(checkKey, '1', 'EX', CHECK_KEPT_S).then(
        () => 'ok',
        (error) => refusalOf(error) ?? 'away',
      );
      return (await within(LIMIT_MS, written)) ?? 'away';
    },
    close: async () => {
      await within(
        LIMIT_MS,
        queue.close().catch(() => {}),
      );
    },
  };
}

/**
 * What Redis itself says, by the word that its answers begin with: READONLY (a replica), OOM (full), MISCONF (its disk
 * fails), NOAUTH, WRONGPASS, LOADING, ... null where it says nothing.
 */
function refusalOf(error: unknown): string | null {
  if (!(error instanceof ReplyError)) return null;
  const [word = ''] = (error as Error).message.split(' ');
  return /^[A-Z]+$/.test(word) ? `refuses to be written to (${word})` : 'refuses to be written to';
}
