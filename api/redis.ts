import { Redis } from 'ioredis';
import { isReadOnly } from '../database/queues.ts';
import { Outage } from '../process/outage.ts';
import type { Logger } from '../process/run.ts';

/** The process's one connection to Redis: nothing waits for it, and nothing is queued up while it is away. */
export type RedisLink = {
  redis: Redis;
  /** What went wrong with it last, until it is ready again. */
  trouble(): unknown;
};

export function connectRedis(redisUrl: string, log: Logger): RedisLink {
  const redis = new Redis(redisUrl, {
    maxRetriesPerRequest: null,
    enableOfflineQueue: false,
    reconnectOnError: isReadOnly,
  });
  const outage = new Outage(log, 'Redis is away');
  let said: unknown;
  redis.on('ready', () => {
    said = undefined;
    outage.end();
  });
  redis.on('error', (error) => {
    said = error;
    outage.report(error);
  });
  return { redis, trouble: () => said };
}
