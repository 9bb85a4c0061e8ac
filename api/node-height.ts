import { readHeight } from '../chain/blocks.ts';
import { createRpc } from '../chain/rpc.ts';

/** Newest block of the node, or null while it does not answer. */
export type NodeHeight = () => Promise<number | null>;

/** Nobody waits longer for a figure that is only shown. */
const TIMEOUT_MS = 1_500;
/** However many ask us, the node is asked once in this time: less than any network's time between blocks. */
const FRESH_MS = 1_000;

export function createNodeHeight(rpcUrls: readonly string[]): NodeHeight {
  const rpc = createRpc(rpcUrls, { timeoutMs: TIMEOUT_MS });
  let asked: Promise<number | null> = Promise.resolve(null);
  let askedAt = Number.NEGATIVE_INFINITY;
  return () => {
    if (performance.now() - askedAt > FRESH_MS) {
      askedAt = performance.now();
      asked = readHeight(rpc).catch(() => null);
    }
    return asked;
  };
}
