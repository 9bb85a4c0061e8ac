import { RateLimiterMemory, RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible';
import { defaultPrefix } from '../../database/queues.ts';
import { within } from '../../process/within.ts';
import type { RedisLink } from '../redis.ts';
import { type Counted, createLimiter, type Limiter, type Policy } from './limiter.ts';

export type Limits = {
  /** Of a key: requests that it signed. Without Redis nobody is limited. */
  key: Limiter;
  /** Of a network address: all others. Without Redis each process counts for itself. */
  address: Limiter;
  stop(): void;
};

/** Short enough that whoever waits for its end does so gladly, and long enough for a softphone's busy start. */
const WINDOW_S = 60;

/** Requests in a window; 0: no limit. */
export type Quotas = { key: number; address: number };

export function createLimits({ redis }: RedisLink, quotas: Quotas): Limits {
  const keyPolicy = policyOf('key', quotas.key);
  const addressPolicy = policyOf('address', quotas.address);
  const storeOf = ({ name, quota, windowS }: Policy) => ({
    storeClient: redis,
    keyPrefix: `${defaultPrefix}:limit:${name}`,
    points: quota,
    duration: windowS,
    rejectIfRedisNotReady: true,
  });
  const byKey = new RateLimiterRedis(storeOf(keyPolicy));
  const alone = new RateLimiterMemory({ points: addressPolicy.quota, duration: addressPolicy.windowS });
  const byAddress = new RateLimiterRedis({ ...storeOf(addressPolicy), insuranceLimiter: alone });
  const key = createLimiter((client, requests) => count(byKey, client, requests), keyPolicy);
  const address = createLimiter((client, requests) => count(byAddress, client, requests), addressPolicy);
  return {
    key,
    address,
    stop: () => {
      key.stop();
      address.stop();
    },
  };
}

const policyOf = (name: string, quota: number): Policy => ({
  name,
  quota: quota === 0 ? Number.MAX_SAFE_INTEGER : quota,
  windowS: WINDOW_S,
});

/** Redis answers in about a millisecond; one that takes so long is as good as away. */
const LIMIT_MS = 500;

/** Null where Redis is away, or refuses. */
async function count(
  limiter: RateLimiterRedis | RateLimiterMemory,
  client: string,
  requests: number,
): Promise<Counted | null> {
  try {
    const answered = await within(LIMIT_MS, limiter.consume(client, requests));
    return answered === undefined ? null : countedOf(answered);
  } catch (error) {
    // The library throws its answer where a client has asked for too much; what else it throws, the connection reports.
    return error instanceof RateLimiterRes ? countedOf(error) : null;
  }
}

const countedOf = ({ consumedPoints, msBeforeNext }: RateLimiterRes): Counted => ({
  consumed: consumedPoints,
  msLeft: msBeforeNext,
});
