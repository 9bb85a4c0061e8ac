import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { experimental, u, wallet } from '@cityofzion/neon-js';
import type { Account } from '../../chain/account.ts';
import { RpcError, rpcCode } from '../../chain/errors.ts';
import type { Rpc } from '../../chain/rpc.ts';
import { execute } from '../../chain/transaction.ts';
import type { Address, Height, ScriptHash } from '../../chain/types.ts';

/** ContractManagement, native on every N3 network. */
const managementContract = '0xfffdc93764dbaddd97c48f252a53ea4643faa3fd' as ScriptHash;

/** The compiled contract as it is committed. */
export type Artifact = { nef: Buffer; manifest: string; name: string; checksum: number };

export async function readArtifact(folder = join(import.meta.dirname, '..')): Promise<Artifact> {
  const [nef, manifest] = await Promise.all([
    readFile(join(folder, 'contract.nef')),
    readFile(join(folder, 'manifest.json'), 'utf8'),
  ]);
  return {
    nef,
    manifest: JSON.stringify(JSON.parse(manifest)),
    name: JSON.parse(manifest).name,
    checksum: nef.readUInt32LE(nef.length - 4),
  };
}

/** The hash that the contract has, or will have, when `deployer` deploys it: it follows from sender, NEF checksum and name. */
export function contractHashOf(deployer: Address, { checksum, name }: Artifact): ScriptHash {
  return `0x${experimental.getContractHash(u.HexString.fromHex(wallet.getScriptHashFromAddress(deployer)), checksum, name)}` as ScriptHash;
}

export async function isDeployed(rpc: Rpc, contract: ScriptHash): Promise<boolean> {
  try {
    await rpc.call('getcontractstate', [contract]);
    return true;
  } catch (error) {
    if (error instanceof RpcError && error.code === rpcCode.unknownContract) return false;
    throw error;
  }
}

/**
 * Deploys the contract, `account` being its owner; where it stands already, only says so (`height` null).
 * @throws ScriptFault where the chain refuses, e.g. for want of GAS
 */
export async function deployContract(
  rpc: Rpc,
  account: Account,
  network: number,
): Promise<{ contract: ScriptHash; height: Height | null }> {
  const artifact = await readArtifact();
  const contract = contractHashOf(account.address, artifact);
  if (await isDeployed(rpc, contract)) return { contract, height: null };
  const call = { contract: managementContract, method: 'deploy', args: [artifact.nef, artifact.manifest, null] };
  const { height } = await execute(rpc, [call], account, network);
  return { contract, height };
}
