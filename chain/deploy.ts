import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { contractHashOf } from '../protocol/contract/transaction.ts';
import type { ScriptHash } from '../protocol/types/hash.ts';
import type { Height } from '../protocol/types/height.ts';
import { isDeployed } from './contract.ts';
import { type Sender, send } from './send.ts';

/** ContractManagement, native on every N3 network. */
const managementContract = '0xfffdc93764dbaddd97c48f252a53ea4643faa3fd' as ScriptHash;

/** The compiled contract as it is committed. */
export type Artifact = { nef: Uint8Array; manifest: string; name: string; checksum: number };

export async function readArtifact(folder = join(import.meta.dirname, '..', 'contract')): Promise<Artifact> {
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

/**
 * Deploys the contract, the signer being its owner; where it stands already, only says so (`height` null).
 * @throws ScriptFault where the chain refuses, e.g. for want of GAS
 */
export async function deployContract(sender: Sender): Promise<{ contract: ScriptHash; height: Height | null }> {
  const { rpc, signer } = sender;
  const artifact = await readArtifact();
  const contract = contractHashOf(signer.address, artifact);
  if (await isDeployed(rpc, contract)) return { contract, height: null };
  const call = { contract: managementContract, method: 'deploy', args: [artifact.nef, artifact.manifest, null] };
  const { height } = await send(sender, [call]);
  return { contract, height };
}
