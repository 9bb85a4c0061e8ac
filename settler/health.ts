import type { Redis } from 'ioredis';
import { sql } from 'kysely';
import { readHeight } from '../chain/blocks.ts';
import { unavailability } from '../database/errors.ts';
import { describe } from '../process/describe.ts';
import type { Check } from '../process/health.ts';
import type { Deps } from './deps.ts';
import type { Pulse } from './pulse.ts';

/** What a settler needs, and whether its loops come round. */
export function healthChecks({ db, rpc }: Pick<Deps, 'db' | 'rpc'>, redis: Redis, pulse: Pulse): Record<string, Check> {
  return {
    postgres: () =>
      sql`select 1 from cursor`.execute(db).then(
        () => 'ok',
        (error) => unavailability(error) ?? describe(error),
      ),
    node: () => readHeight(rpc).then(() => 'ok'),
    // Asked only where it is connected: a question to one that is away would wait in a queue, each of them.
    redis: async () => (redis.status === 'ready' ? redis.ping().then(() => 'ok') : 'away'),
    rounds: pulse.check,
  };
}
