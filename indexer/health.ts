import { readHeight } from '../chain/blocks.ts';
import type { Rpc } from '../chain/rpc.ts';
import type { Database } from '../database/connection.ts';
import { unavailability } from '../database/errors.ts';
import { describe } from '../process/describe.ts';
import type { Check } from '../process/health.ts';
import { readCursor } from './store.ts';

/** As the API has it: a minute at 3 seconds a block, five at 15. */
const MAX_LAG = 20;

/** What an indexer needs, and whether the index keeps up; of one that stands by it says what the leader achieves. */
export function healthChecks({ db, rpc }: { db: Database; rpc: Rpc }): Record<string, Check> {
  return {
    postgres: () =>
      readCursor(db).then(
        () => 'ok',
        (error) => unavailability(error) ?? describe(error),
      ),
    node: () => readHeight(rpc).then(() => 'ok'),
    index: async () => {
      const [cursor, head] = await Promise.all([readCursor(db), readHeight(rpc)]);
      if (!cursor) return 'no block yet';
      return head - cursor.height > MAX_LAG ? `${head - cursor.height} blocks behind the node` : 'ok';
    },
  };
}
