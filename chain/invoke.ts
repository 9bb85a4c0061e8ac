import type { StackItem } from '../protocol/contract/stack-item.ts';
import { type Address, hash160Bytes } from '../protocol/types/address.ts';
import { base64OfBytes } from '../protocol/types/bytes.ts';
import { type Datoshi, datoshi } from '../protocol/types/datoshi.ts';
import { type ScriptHash, scriptHashOfBytes } from '../protocol/types/hash.ts';
import { type AnswerOf, stateOf } from './answers.ts';
import type { Ask } from './node.ts';

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

/** Runs a script without a transaction, as if these accounts had signed with scope CalledByEntry. */
export async function invokeScript(
  rpc: Pick<Ask, 'call'>,
  script: Uint8Array,
  signers: readonly Address[] = [],
): Promise<Execution> {
  const witnesses = signers.map((address) => ({
    account: scriptHashOfBytes(hash160Bytes(address)),
    scopes: 'CalledByEntry',
  }));
  return toExecution(await rpc.call('invokescript', [base64OfBytes(script), witnesses]));
}

type WireExecution = AnswerOf<'invokescript'> | AnswerOf<'getapplicationlog'>['executions'][number];

/** What strangers emit may be more than a node can write down: without fields, it is left out. */
export function toExecution(wire: WireExecution): Execution {
  const state = 'vmstate' in wire ? wire.vmstate : wire.state;
  const { exception, stack, notifications } = wire;
  const gasConsumed = datoshi(BigInt(wire.gasconsumed));
  if (state !== 'HALT') return { state, exception, gasConsumed, stack, notifications: [] };
  const readable = notifications.flatMap((emitted) => {
    const fields = stateOf(emitted);
    return fields ? [{ contract: emitted.contract, name: emitted.eventname, state: fields }] : [];
  });
  return { state, exception, gasConsumed, stack, notifications: readable };
}
