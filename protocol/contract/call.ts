import type { Address } from '../types/address.ts';
import type { ScriptHash } from '../types/hash.ts';
import { methods } from './abi.ts';
import type { Claim } from './claim.ts';
import type { Argument, ContractCall } from './transaction.ts';

type Method = (typeof methods)[number];
export type MethodName = Method['name'];

/** What a caller gives for a parameter of the manifest's type. */
type Given<Name, Type> = Name extends 'claims'
  ? readonly Claim[]
  : Name extends 'operator'
    ? Address | null
    : Name extends 'voucherKey'
      ? Uint8Array | null
      : Type extends 'Hash160'
        ? Address
        : Type extends 'Integer'
          ? bigint
          : Type extends 'ByteArray' | 'PublicKey'
            ? Uint8Array
            : Type extends 'String'
              ? string
              : Type extends 'Boolean'
                ? boolean
                : Argument;

type Arguments<M extends Method> = M extends Method
  ? { [P in M['parameters'][number] as P['name']]: Given<P['name'], P['type']> }
  : never;

/** Named arguments of a method; of an overloaded one, any of its lists. */
export type ArgumentsOf<N extends MethodName> = Arguments<Extract<Method, { name: N }>>;

/** A call of the contract, ready for a script: the arguments are named, the manifest gives their order and types. */
export function contractCall<N extends MethodName>(contract: ScriptHash, name: N, args: ArgumentsOf<N>): ContractCall {
  const given = args as Record<string, unknown>;
  const count = Object.keys(given).length;
  const method = methods.find((candidate) => candidate.name === name && candidate.parameters.length === count);
  if (!method) throw new TypeError(`${name} takes no ${count} arguments`);
  return {
    contract,
    method: name,
    args: method.parameters.map((parameter) => encode(parameter, given[parameter.name])),
  };
}

function encode({ name, type }: { name: string; type: string }, value: unknown): Argument {
  if (name === 'claims') return (value as readonly Claim[]).map(claimArgument);
  if (type === 'Hash160' && value !== null) return { hash160: value as Address };
  return value as Argument;
}

/** The fields of a claim in the contract's order. */
function claimArgument(claim: Claim): Argument {
  const { escrowId, seq, amount, seconds, calls, cdrRoot, voucher, close } = claim;
  return [escrowId, seq, amount, seconds, calls, cdrRoot, voucher?.total ?? 0n, voucher?.signature ?? null, close];
}
