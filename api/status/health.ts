import type { Health } from '../../protocol/api/status.ts';
import type { Deps } from '../deps.ts';
import { readCursor } from '../http/height.ts';
import { Refusal } from '../http/problem.ts';

/** A minute at 3 seconds a block, five at 15: answers that are older are no longer what a caller expects. */
const MAX_LAG = 20;

/** Whether this process can serve: its stores answer, and the index keeps up with the node, as far as the node can be asked. */
export async function readHealth(deps: Deps): Promise<Health> {
  const [postgres, redis] = await Promise.all([checkIndex(deps), deps.wake.isReady()]);
  const checks = { ...postgres, redis: redis ? 'ok' : 'away' };
  const failed = Object.values(checks).some((check) => check !== 'ok' && check !== UNKNOWN);
  return { status: failed ? 'unavailable' : 'ok', checks };
}

const UNKNOWN = 'unknown: the node does not answer';

async function checkIndex(deps: Deps): Promise<{ postgres: string; index: string }> {
  const nodeHeight = await deps.nodeHeight();
  try {
    const { height } = await readCursor(deps.db, deps);
    if (nodeHeight === null) return { postgres: 'ok', index: UNKNOWN };
    const lag = nodeHeight - height;
    return { postgres: 'ok', index: lag > MAX_LAG ? `${lag} blocks behind the node` : 'ok' };
  } catch (error) {
    if (error instanceof Refusal) return { postgres: 'ok', index: error.message };
    return { postgres: 'away', index: 'unknown: Postgres is away' };
  }
}
