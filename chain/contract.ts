import type { ScriptHash } from '../protocol/types/hash.ts';
import { RpcError, rpcCode } from './errors.ts';
import type { Ask } from './node.ts';

/** The name in the manifest of the contract that stands there, or null where none does. */
export async function readContractName(rpc: Pick<Ask, 'call'>, contract: ScriptHash): Promise<string | null> {
  try {
    const { manifest } = await rpc.call('getcontractstate', [contract]);
    return manifest.name;
  } catch (error) {
    if (error instanceof RpcError && error.code === rpcCode.unknownContract) return null;
    throw error;
  }
}

export async function isDeployed(rpc: Pick<Ask, 'call'>, contract: ScriptHash): Promise<boolean> {
  return (await readContractName(rpc, contract)) !== null;
}
