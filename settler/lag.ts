import { readBlockHash, readHeight } from '../chain/blocks.ts';
import { NodeUnavailable, WrongChain } from '../chain/errors.ts';
import { height } from '../protocol/types/height.ts';
import type { Deps } from './deps.ts';

/** Blocks that a node may be behind the index: both are asked one after the other. */
const MAX_LAG = 2;

/**
 * A node that is behind another one, or behind what the index knows already, cannot tell what became of a transaction:
 * the next one is used. So is it where a node has other blocks than the index. @throws NodeUnavailable where all lag ·
 * WrongChain
 */
export async function leaveLaggingNode({ db, rpc, mayRollBack }: Pick<Deps, 'db' | 'rpc' | 'mayRollBack'>) {
  const cursor = await db.selectFrom('cursor').select(['height', 'hash']).executeTakeFirst();
  await rpc.lookAround();
  if (!cursor) return;
  await rpc.use(async (node) => {
    const newest = await readHeight(node);
    if (newest < cursor.height - MAX_LAG)
      throw new NodeUnavailable(`the node lags: its newest block is ${newest}, the index has block ${cursor.height}`);
    const hash = await readBlockHash(node, height(cursor.height));
    if (hash === null || hash === cursor.hash) return; // null: it gets there at any moment
    const difference = `block ${cursor.height} of ${node.name} is ${hash}, in the index it is ${cursor.hash}`;
    throw mayRollBack ? new NodeUnavailable(difference) : new WrongChain(difference);
  });
}
