import type { StackItem } from '../protocol/contract/stack-item.ts';
import { type Address, hash160Bytes } from '../protocol/types/address.ts';
import { base64OfBytes } from '../protocol/types/bytes.ts';
import { type Datoshi, datoshi } from '../protocol/types/datoshi.ts';
import { type ScriptHash, scriptHashOfBytes } from '../protocol/types/hash.ts';
import type { Rpc } from './rpc.ts';

/** What a script did, or would do: notifications of a FAULT never took place and are left out. */
export type Execution = {
  state: 'HALT' | 'FAULT';
  exception: string | null;
  gasConsumed: Datoshi;
  stack: StackItem[];
  notifications: { contract: ScriptHash; name: string; state: StackItem[] }[];
};

/** The script would fault: the contract's own words say why. */
export class ScriptFault extends Error {
  override name = 'ScriptFault';
  readonly exception: string;

  constructor(exception: string) {
    super(`the chain refuses this: ${exception}`);
    this.exception = exception;
  }
}

export type WireExecution = {
  vmstate?: string;
  state?: string;
  exception: string | null;
  gasconsumed: string;
  stack?: StackItem[];
  notifications: { contract: ScriptHash; eventname: string; state: { value: StackItem[] } }[];
};

/** Runs a script without a transaction, as if these accounts had signed with scope CalledByEntry. */
export async function invokeScript(rpc: Rpc, script: Uint8Array, signers: readonly Address[] = []): Promise<Execution> {
  const witnesses = signers.map((address) => ({
    account: scriptHashOfBytes(hash160Bytes(address)),
    scopes: 'CalledByEntry',
  }));
  return toExecution(await rpc.call<WireExecution>('invokescript', [base64OfBytes(script), witnesses]));
}

export function toExecution(wire: WireExecution): Execution {
  const state = (wire.vmstate ?? wire.state) === 'HALT' ? 'HALT' : 'FAULT';
  return {
    state,
    exception: wire.exception,
    gasConsumed: datoshi(BigInt(wire.gasconsumed)),
    stack: wire.stack ?? [],
    notifications:
      state === 'HALT'
        ? wire.notifications.map((emitted) => ({
            contract: emitted.contract,
            name: emitted.eventname,
            state: emitted.state.value,
          }))
        : [],
  };
}
