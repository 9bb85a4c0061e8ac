import { readBlockHash, readHeight } from '../chain/blocks.ts';
import type { PoolEvent } from '../chain/pool.ts';
import { createRpc } from '../chain/rpc.ts';
import type { BlockHash } from '../protocol/types/hash.ts';
import { height } from '../protocol/types/height.ts';

/** The newest block in the index: what it says of the chain at least is true. */
type Known = { height: number; hash: BlockHash };

/**
 * Newest block of the nodes: the highest that one tells which has the index's newest block too; null while none
 * answers. Less than the index has where all nodes lag.
 */
export type NodeHeight = (known?: Known) => Promise<number | null>;

/** Nobody waits longer for a figure that is only shown. */
const TIMEOUT_MS = 1_500;
/** However many ask us, the nodes are asked once in this time: less than any network's time between blocks. */
const FRESH_MS = 1_000;

export function createNodeHeight(
  rpcUrls: readonly string[],
  options: { network?: number; report?: (event: PoolEvent) => void } = {},
): NodeHeight {
  const rpc = createRpc(rpcUrls, { timeoutMs: TIMEOUT_MS, ...options });
  const several = rpcUrls.length > 1;
  let asked: Promise<number | null> = Promise.resolve(null);
  let askedAt = Number.NEGATIVE_INFINITY;
  let askedFor = -1;

  async function ask(known: Known | undefined): Promise<number | null> {
    const told = await rpc.everyone(async (node) => {
      const newest = await readHeight(node);
      // A single node is shown as it is: there is none to prefer to it.
      if (!several || !known || newest < known.height) return newest;
      return (await readBlockHash(node, height(known.height))) === known.hash ? newest : null;
    });
    const heights = told.flatMap(({ value }) => (value === null ? [] : [value]));
    return heights.length === 0 ? null : Math.max(...heights);
  }

  return async (known) => {
    const last = await asked;
    const isOld = performance.now() - askedAt > FRESH_MS;
    // The index may have taken in a block since: then the nodes are asked again, but once for each block.
    const isBehind = known !== undefined && (last ?? -1) < known.height && askedFor < known.height;
    if (isOld || isBehind) {
      askedAt = performance.now();
      askedFor = known?.height ?? -1;
      asked = ask(known);
    }
    return asked;
  };
}
