import { type Address, addressOfBytes } from '../types/address.ts';
import { type Hex, hexOf } from '../types/bytes.ts';
import { events } from './abi.ts';
import { asBoolean, asBytes, asInteger, asString, isNull, type StackItem, StackItemError } from './stack-item.ts';

type Events = typeof events;
export type EventName = keyof Events;

/** Fields that may be null, which a manifest can't say. */
const nullable = [
  'OperatorSet.operator',
  'Deposited.from',
  'EscrowOpened.voucherKey',
  'OwnershipTransferred.to',
  'OwnershipTransferred.from',
] as const;
type Nullable = (typeof nullable)[number];

type Read<Type> = Type extends 'Hash160'
  ? Address
  : Type extends 'Integer'
    ? bigint
    : Type extends 'ByteArray' | 'PublicKey' | 'Hash256'
      ? Hex
      : Type extends 'String'
        ? string
        : Type extends 'Boolean'
          ? boolean
          : never;

type Field<Name extends string, P> = P extends { name: infer F extends string; type: infer T }
  ? { [K in F]: Read<T> | (`${Name}.${F}` extends Nullable ? null : never) }
  : never;
type Merge<U> = (U extends unknown ? (x: U) => void : never) extends (x: infer I) => void
  ? { [K in keyof I]: I[K] }
  : never;

/** A notification of the contract, with its fields by name: a discriminated union over `name`. */
export type ContractEvent = { [N in EventName]: { name: N } & Merge<Field<N, Events[N][number]>> }[EventName];
export type EventOf<N extends EventName> = Extract<ContractEvent, { name: N }>;

/** @throws StackItemError where a notification is not what the manifest promises */
export function decodeEvent(name: string, state: readonly StackItem[]): ContractEvent {
  if (!(name in events)) throw new StackItemError(`the contract has no notification ${name}`);
  const parameters = events[name as EventName];
  if (parameters.length !== state.length)
    throw new StackItemError(`${name} has ${state.length} fields instead of ${parameters.length}`);
  const fields = parameters.map((parameter, i) => [
    parameter.name,
    decodeField(name, parameter, state[i] as StackItem),
  ]);
  return { name, ...Object.fromEntries(fields) } as ContractEvent;
}

function decodeField(event: string, { name, type }: { name: string; type: string }, item: StackItem): unknown {
  if (isNull(item)) {
    if ((nullable as readonly string[]).includes(`${event}.${name}`)) return null;
    throw new StackItemError(`${event}.${name} is null`);
  }
  switch (type) {
    case 'Hash160':
      return addressOfBytes(asBytes(item));
    case 'Integer':
      return asInteger(item);
    case 'String':
      return asString(item);
    case 'Boolean':
      return asBoolean(item);
    case 'ByteArray':
    case 'PublicKey':
    case 'Hash256':
      return hexOf(asBytes(item));
    default:
      throw new StackItemError(`${event}.${name} is of a type that is not decoded: ${type}`);
  }
}

/** A notification from its stored form: integers as decimal strings, all else as decoded. */
export function eventFromPayload(name: string, payload: Record<string, unknown>): ContractEvent {
  const fields = events[name as EventName].map((parameter) => {
    const value = payload[parameter.name];
    return [parameter.name, parameter.type === 'Integer' ? BigInt(value as string) : value];
  });
  return { name, ...Object.fromEntries(fields) } as ContractEvent;
}

/** The escrow that a notification is about. */
export function escrowIdOf(event: ContractEvent): bigint | null {
  if ('escrowId' in event) return event.escrowId;
  return 'id' in event ? event.id : null;
}
