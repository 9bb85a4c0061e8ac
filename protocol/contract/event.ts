import { type Address, addressOfBytes } from '../types/address.ts';
import { bytesOfBase64, type Hex, hexOf } from '../types/bytes.ts';
import { remember } from '../types/remember.ts';
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

type ReadItem = (item: StackItem) => unknown;
type Decoder = { field: string; mayBeNull: boolean; read: ReadItem };

/** The same few accounts stand in most notifications, and base58check takes SHA-256 twice. */
const addressOf = remember(10_000, (base64: string) => addressOfBytes(bytesOfBase64(base64)));

const readers: Record<string, ReadItem> = {
  Hash160: (item) => (item.type === 'ByteString' ? addressOf(item.value) : addressOfBytes(asBytes(item))),
  Integer: asInteger,
  String: asString,
  Boolean: asBoolean,
  ByteArray: (item) => hexOf(asBytes(item)),
  PublicKey: (item) => hexOf(asBytes(item)),
  Hash256: (item) => hexOf(asBytes(item)),
};

/** How each notification is read, put together once: an indexer reads hundred thousands. */
const decoders = new Map<string, readonly Decoder[]>(
  Object.entries(events).map(([event, parameters]) => [
    event,
    parameters.map(({ name, type }): Decoder => {
      const read = readers[type];
      if (!read) throw new TypeError(`${event}.${name} is of a type that is not decoded: ${type}`);
      return { field: name, mayBeNull: (nullable as readonly string[]).includes(`${event}.${name}`), read };
    }),
  ]),
);

/** @throws StackItemError where a notification is not what the manifest promises */
export function decodeEvent(name: string, state: readonly StackItem[]): ContractEvent {
  const fields = decoders.get(name);
  if (!fields) throw new StackItemError(`the contract has no notification ${name}`);
  if (fields.length !== state.length)
    throw new StackItemError(`${name} has ${state.length} fields instead of ${fields.length}`);
  const event: Record<string, unknown> = { name };
  for (let i = 0; i < fields.length; i += 1) {
    const { field, mayBeNull, read } = fields[i] as Decoder;
    const item = state[i] as StackItem;
    if (!isNull(item)) event[field] = read(item);
    else if (mayBeNull) event[field] = null;
    else throw new StackItemError(`${name}.${field} is null`);
  }
  return event as ContractEvent;
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
