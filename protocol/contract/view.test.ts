import { describe, expect, test } from 'vitest';
import { addressOfBytes } from '../types/address.ts';
import type { ScriptHash } from '../types/hash.ts';
import { events, methods } from './abi.ts';
import { contractCall } from './call.ts';
import { decodeEvent, type EventName, escrowIdOf, eventFromPayload } from './event.ts';
import { type StackItem, StackItemError } from './stack-item.ts';
import { scriptOf } from './transaction.ts';

const contract = `0x${'ab'.repeat(20)}` as ScriptHash;
const account = addressOfBytes(Buffer.alloc(20, 7));
const base64 = (bytes: Uint8Array | string) => Buffer.from(bytes).toString('base64');

/** A value as a caller gives it, by the type that the manifest names. */
const given: Record<string, unknown> = {
  Hash160: account,
  Integer: 5n,
  String: 'text',
  ByteArray: Buffer.alloc(33, 2),
  Any: null,
  Boolean: true,
  Array: [
    {
      escrowId: 1n,
      seq: 0n,
      amount: 5n,
      seconds: 1n,
      calls: 1n,
      cdrRoot: Buffer.alloc(32),
      voucher: null,
      close: false,
    },
  ],
};
/** A value as a node gives it, and what it is read as. */
const wire: Record<string, [StackItem, unknown]> = {
  Hash160: [{ type: 'ByteString', value: base64(Buffer.alloc(20, 7)) }, account],
  Integer: [{ type: 'Integer', value: '9223372036854775807' }, 9_223_372_036_854_775_807n],
  String: [{ type: 'ByteString', value: base64('sip.example.org') }, 'sip.example.org'],
  ByteArray: [{ type: 'ByteString', value: base64(Buffer.alloc(32, 1)) }, `0x${'01'.repeat(32)}`],
};

describe('every method of the manifest', () => {
  test.each(methods.map((method) => [method.name, method.parameters] as const))(
    '%s is called with its arguments in order',
    (name, parameters) => {
      const args = Object.fromEntries(
        [...parameters].reverse().map((parameter) => [parameter.name, given[parameter.type]]),
      );
      const call = contractCall(contract, name, args as never);
      expect(call).toMatchObject({ contract, method: name });
      expect(call.args).toHaveLength(parameters.length);
      expect(Buffer.from(scriptOf([call])).includes(name)).toBe(true);
    },
  );

  test('takes no other number of arguments', () => {
    expect(() => contractCall(contract, 'withdraw', { account } as never)).toThrow('withdraw takes no 1 arguments');
  });
});

describe('every notification of the manifest', () => {
  const names = Object.keys(events) as EventName[];
  const stateOf = (name: EventName) => events[name].map(({ type }) => wire[type]?.[0] as StackItem);

  test.each(names)('%s is read, stored as JSON, and read again', (name) => {
    const event = decodeEvent(name, stateOf(name));
    expect(event).toEqual({
      name,
      ...Object.fromEntries(events[name].map((field) => [field.name, wire[field.type]?.[1]])),
    });
    const { name: _, ...payload } = JSON.parse(
      JSON.stringify(event, (_key, value) => (typeof value === 'bigint' ? String(value) : value)),
    );
    expect(eventFromPayload(name, payload)).toEqual(event);
    expect(escrowIdOf(event) === null).toBe(!/^Escrow|^Claim/.test(name));
  });

  test.each(names)('%s with a field too few, or of another type, is refused', (name) => {
    expect(() => decodeEvent(name, stateOf(name).slice(1))).toThrow(StackItemError);
    expect(() =>
      decodeEvent(
        name,
        stateOf(name).map(() => ({ type: 'Map', value: [] })),
      ),
    ).toThrow(StackItemError);
  });

  test('null is read only where the contract may give it', () => {
    const state = (name: EventName) => stateOf(name).map((): StackItem => ({ type: 'Any' }));
    expect(() => decodeEvent('Withdrawn', state('Withdrawn'))).toThrow('Withdrawn.account is null');
    expect(decodeEvent('OperatorSet', [stateOf('OperatorSet')[0] as StackItem, { type: 'Any' }])).toMatchObject({
      operator: null,
    });
  });

  test('one that is none is refused, and bytes that Postgres cannot hold are replaced', () => {
    expect(() => decodeEvent('Transfer', [])).toThrow('no notification Transfer');
    const location: StackItem = { type: 'ByteString', value: base64('a\0b') };
    expect(decodeEvent('ProviderDeployed', [wire.Hash160?.[0] as StackItem, location])).toMatchObject({
      location: 'a\uFFFDb',
    });
  });
});
