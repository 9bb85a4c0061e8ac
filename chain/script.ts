import { sc, u } from '@cityofzion/neon-js';
import { type Address, hash160Bytes, type ScriptHash } from './types.ts';

/** An argument of a contract call, by the type that the VM shall see. */
export type Argument =
  | null
  | boolean
  | bigint
  | string
  | Uint8Array
  | { hash160: Address | ScriptHash }
  | readonly Argument[];

export type ContractCall = { contract: ScriptHash; method: string; args: readonly Argument[] };

/** The script that makes these calls in their order, each with all call flags. */
export function scriptOf(calls: readonly ContractCall[], { mustReturnTrue = false } = {}): Buffer {
  const builder = new sc.ScriptBuilder();
  for (const { contract, method, args } of calls) {
    builder.emitContractCall({
      scriptHash: contract.slice(2),
      operation: method,
      callFlags: sc.CallFlags.All,
      args: args.map(toContractParam),
    });
    if (mustReturnTrue) builder.emit(sc.OpCode.ASSERT);
  }
  return Buffer.from(builder.build(), 'hex');
}

function toContractParam(argument: Argument): InstanceType<typeof sc.ContractParam> {
  if (argument === null) return sc.ContractParam.any(null);
  if (typeof argument === 'boolean') return sc.ContractParam.boolean(argument);
  if (typeof argument === 'bigint') return sc.ContractParam.integer(argument.toString());
  if (typeof argument === 'string') return sc.ContractParam.string(argument);
  if (argument instanceof Uint8Array) return bytesParam(argument);
  if ('hash160' in argument) return bytesParam(hash160Bytes(argument.hash160));
  return sc.ContractParam.array(...(argument as readonly Argument[]).map(toContractParam));
}

/** `true` (little endian): neon-js would push the bytes of a big-endian HexString in reverse. */
function bytesParam(bytes: Uint8Array): InstanceType<typeof sc.ContractParam> {
  return sc.ContractParam.byteArray(u.HexString.fromHex(Buffer.from(bytes).toString('hex'), true));
}
