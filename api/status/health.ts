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
  const failed = Object.values(checks).some((check) => check !== 'ok' && !isUnknown(check));
  return { status: failed ? 'unavailable' : 'ok', checks };
}

/** What says nothing about this process: it can serve what it has. */
const unknown = {
  silent: 'unknown: the node does not answer',
  behind: 'unknown: the node is behind the index',
};

const isUnknown = (check: string) => Object.values(unknown).includes(check);

async function checkIndex(deps: Deps): Promise<{ postgres: string; index: string }> {
  try {
    const { height, hash } = await readCursor(deps.db, deps);
    const nodeHeight = await deps.nodeHeight({ height, hash });
    if (nodeHeight === null) return { postgres: 'ok', index: unknown.silent };
    const lag = nodeHeight - height;
    if (lag < 0) return { postgres: 'ok', index: unknown.behind };
    return { postgres: 'ok', index: lag > MAX_LAG ? `${lag} blocks behind the node` : 'ok' };
  } catch (error) {
    if (error instanceof Refusal) return { postgres: 'ok', index: error.message };
    return { postgres: 'away', index: 'unknown: Postgres is away' };
  }
}
