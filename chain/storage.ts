import { concatBytes } from '@noble/hashes/utils.js';
import { deserialize } from '../protocol/contract/serialized.ts';
import { type Address, hash160Bytes } from '../protocol/types/address.ts';
import { base64OfBytes, bytesOfBase64 } from '../protocol/types/bytes.ts';
import type { ScriptHash } from '../protocol/types/hash.ts';
import { height as asHeight, type Height } from '../protocol/types/height.ts';
import { NodeRefuses, NodeUnavailable } from './errors.ts';
import { type Ask, type Call, MAX_BATCH } from './node.ts';
import { provenValue, trieKey } from './state-proof.ts';

export type StorageEntry = { key: Uint8Array; value: Uint8Array };

/** All that a contract's storage holds as of one block. */
export type StorageSnapshot = {
  height: Height;
  /** Null where the node keeps no state roots: then it is the storage as it was while it was read. */
  root: string | null;
  entries: StorageEntry[];
  /** GAS that the contract holds. */
  gas: bigint;
};

const GAS_CONTRACT = '0xd2a4cff31913016155e38e474a2c06d08be276cf' as ScriptHash;
/** Where the native GAS contract keeps an account. */
const GAS_ACCOUNT = 0x14;
/** A contract with more entries than that is another one, or a node never ends. */
const MAX_ENTRIES = 10_000_000;

/**
 * The storage as of a block, by the state root of that block; all from one node. With `prove`, each entry comes with a
 * proof against that root, and is refused without. @throws RpcError where the node keeps no state of that block
 */
export async function readStorageAt(
  node: Ask,
  contract: ScriptHash,
  height: Height,
  { prove }: { prove: boolean },
): Promise<StorageSnapshot & { root: string }> {
  const { roothash: root, index } = await node.call('getstateroot', [height]);
  if (index !== height) throw new NodeRefuses(`the node gives the state of block ${index} in place of ${height}`);
  const entries: StorageEntry[] = [];
  for (let from = ''; ; ) {
    const page = await node.call('findstates', [root, contract, '', ...(from === '' ? [] : [from])]);
    entries.push(...page.results.map(entryOf));
    const last = page.results.at(-1);
    if (!page.truncated || !last) break;
    if (last.key === from || entries.length > MAX_ENTRIES) throw new NodeRefuses('the node goes in circles');
    from = last.key;
  }
  const gasKey = gasAccount(contract);
  const held = (await node.call('findstates', [root, GAS_CONTRACT, base64OfBytes(gasKey)])).results.map(entryOf);
  if (prove) {
    await proveAll(node, contract, root, entries);
    await proveAll(node, GAS_CONTRACT, root, held);
  }
  return { height, root, entries, gas: held[0] ? gasOf(held[0].value) : 0n };
}

/** For nodes without state roots: the storage of now. Null: a block came while it was read. */
export async function readStorageNow(node: Ask, contract: ScriptHash): Promise<StorageSnapshot | null> {
  const before = await node.call('getblockcount');
  const entries = await findAll(node, contract, new Uint8Array());
  const [gas] = await findAll(node, GAS_CONTRACT, gasAccount(contract));
  const after = await node.call('getblockcount');
  if (after !== before) return null;
  return { height: asHeight(before - 1), root: null, entries, gas: gas ? gasOf(gas.value) : 0n };
}

async function findAll(node: Ask, contract: ScriptHash, prefix: Uint8Array): Promise<StorageEntry[]> {
  const entries: StorageEntry[] = [];
  for (let start = 0; ; ) {
    const page = await node.call('findstorage', [contract, base64OfBytes(prefix), start]);
    entries.push(...page.results.map(entryOf));
    if (!page.truncated) return entries;
    if (page.next <= start || entries.length > MAX_ENTRIES) throw new NodeRefuses('the node goes in circles');
    start = page.next;
  }
}

/** @throws NodeRefuses where a proof does not show what the node said */
async function proveAll(
  node: Ask,
  contract: ScriptHash,
  root: string,
  entries: readonly StorageEntry[],
): Promise<void> {
  const { id } = await node.call('getcontractstate', [contract]);
  for (let at = 0; at < entries.length; at += MAX_BATCH) {
    const some = entries.slice(at, at + MAX_BATCH);
    const calls = some.map(({ key }): Call<'getproof'> => {
      return { method: 'getproof', params: [root, contract, base64OfBytes(key)] };
    });
    const answers = await node.batch(calls);
    some.forEach(({ key, value }, i) => {
      const answer = answers[i];
      if (!answer || !('result' in answer)) throw answer?.error ?? new NodeUnavailable('the node gave no answer');
      const proven = shownBy(answer.result, root, trieKey(id, key));
      if (base64OfBytes(proven) !== base64OfBytes(value))
        throw new NodeRefuses('the node proves another value than it gave');
    });
  }
}

function shownBy(proof: string, root: string, key: Uint8Array): Uint8Array {
  try {
    return provenValue(bytesOfBase64(proof), root, key);
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    throw new NodeRefuses(`the node's proof does not hold: ${cause.message}`, { cause });
  }
}

const entryOf = ({ key, value }: { key: string; value: string }): StorageEntry => ({
  key: bytesOfBase64(key),
  value: bytesOfBase64(value),
});

const gasAccount = (holder: Address | ScriptHash): Uint8Array =>
  concatBytes(Uint8Array.of(GAS_ACCOUNT), hash160Bytes(holder));

/** An account of GAS is stored as a structure whose first field is the balance. */
function gasOf(value: Uint8Array): bigint {
  const account = deserialize(value);
  const [balance] = Array.isArray(account) ? account : [];
  if (typeof balance !== 'bigint') throw new NodeRefuses('the node gives no balance of GAS');
  return balance;
}
