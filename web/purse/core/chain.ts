import { createReader, type Reader } from '../../../chain/read.ts';
import { createRpc, type Rpc } from '../../../chain/rpc.ts';
import type { ScriptHash } from '../../../protocol/types/hash.ts';

/** The chain, by nodes that were found to be of this network and to have this contract. */
export type Chain = { rpc: Rpc; reader: Reader; network: number; contract: ScriptHash };

export type ChainSettings = { nodes: readonly string[]; network: number; contract: ScriptHash };

/** A person who looks at a page waits no longer for a node that is silent: the next one is asked. */
const TIMEOUT_MS = 8_000;

export function openChain({ nodes, network, contract }: ChainSettings): Chain {
  const rpc = createRpc(nodes, { network, contract, timeoutMs: TIMEOUT_MS });
  return { rpc, reader: createReader(rpc, contract), network, contract };
}
