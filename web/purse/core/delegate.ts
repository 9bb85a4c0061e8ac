import {
  type Delegation,
  type DelegationTerms,
  delegationFault,
  delegationScope,
  delegationStatement,
  MAX_DELEGATION_MS,
  readDelegation,
  writeDelegation,
} from '../../../protocol/sign/delegation.ts';
import { type Address, addressOfPublicKey } from '../../../protocol/types/address.ts';
import { type ScriptHash, scriptHashOfBytes } from '../../../protocol/types/hash.ts';
import type { DeviceKeys, DeviceSigner } from './device-key.ts';
import { isRefusal, type Refusal, refused } from './refusal.ts';
import type { Store } from './store.ts';

/** This device's key, which may read records and register in the wallet's name: money it can't move. */
export type Delegate = { signer: DeviceSigner; delegation: Delegation };

export type DelegateDeps = {
  store: Store;
  keys: DeviceKeys;
  address: Address;
  network: number;
  contract: ScriptHash;
  now: () => Date;
};

/** A new one is asked for so long before the old one ends. */
const RENEW_MS = 86_400_000;

/** The one that this device has; null: none, or it ends soon. */
export async function findDelegate(deps: DelegateDeps): Promise<Delegate | null> {
  const kept = await deps.store.get('delegations', idOf(deps));
  const delegation = kept && readDelegation(kept.header);
  const signer = delegation && (await deps.keys.find(delegation.delegate));
  if (!signer || faultOf(deps, delegation, deps.now().getTime() + RENEW_MS)) return null;
  return { signer, delegation };
}

/** The wallet signs once. `sign` says what: it gets the terms, and answers with the wallet's own form of signature. */
export async function makeDelegate(
  deps: DelegateDeps,
  sign: (terms: DelegationTerms, statement: Uint8Array) => Promise<Delegation | Refusal>,
): Promise<Delegate | Refusal> {
  const { signer } = await deps.keys.create();
  const { network, contract } = deps;
  const notAfter = deps.now().getTime() + MAX_DELEGATION_MS;
  const terms = { network, contract, delegate: signer.publicKey, notAfter, scope: delegationScope.both };
  const delegation = await sign(terms, delegationStatement(terms));
  if (isRefusal(delegation)) return delegation;
  if (faultOf(deps, delegation, deps.now().getTime())) return refused('wrongSignature', {});
  await deps.store.put('delegations', { id: idOf(deps), header: writeDelegation(delegation) });
  return { signer, delegation };
}

/** What a statement says, read from its bytes. */
export type Allowed = { network: number; contract: ScriptHash; until: Date; reads: boolean; registers: boolean };

const PREFIX = 'KRYPTON-DELEGATE-1';
/** Where each field begins: network, contract, the key, not after, scope. */
const [NETWORK, CONTRACT, UNTIL, SCOPE, LENGTH] = [18, 22, 75, 83, 84];

/** Null: these bytes are no statement of ours, and nobody should sign them as one. */
export function readStatement(bytes: Uint8Array): Allowed | null {
  if (bytes.length !== LENGTH || new TextDecoder().decode(bytes.subarray(0, NETWORK)) !== PREFIX) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const scope = bytes[SCOPE] ?? 0;
  return {
    network: view.getUint32(NETWORK, true),
    contract: scriptHashOfBytes(bytes.slice(CONTRACT, CONTRACT + 20)),
    until: new Date(Number(view.getBigUint64(UNTIL))),
    reads: (scope & delegationScope.read) !== 0,
    registers: (scope & delegationScope.registration) !== 0,
  };
}

/** It has to stand for this very account. */
function faultOf({ address, network, contract }: DelegateDeps, delegation: Delegation, nowMs: number): boolean {
  const use = { network, contract, key: delegation.delegate, needs: 'read', nowMs } as const;
  return addressOfPublicKey(delegation.wallet) !== address || delegationFault(delegation, use) !== null;
}

const idOf = ({ network, contract, address }: DelegateDeps) => `${network} ${contract} ${address}`;
