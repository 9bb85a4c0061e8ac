import { readHeight } from '../chain/blocks.ts';
import { NodeUnavailable } from '../chain/errors.ts';
import type { Deps } from './deps.ts';

/** Blocks that a node may be behind the index: both are asked one after the other. */
const MAX_LAG = 2;

/** A node that is behind what the index knows already cannot tell what became of a transaction. @throws NodeUnavailable */
export async function leaveLaggingNode({ db, rpc }: Pick<Deps, 'db' | 'rpc'>): Promise<void> {
  const cursor = await db.selectFrom('cursor').select('height').executeTakeFirst();
  const newest = await readHeight(rpc);
  if (!cursor || newest >= cursor.height - MAX_LAG) return;
  rpc.leave();
  throw new NodeUnavailable(`the node lags: its newest block is ${newest}, the index has block ${cursor.height}`);
}
