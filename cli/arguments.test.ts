import { describe, expect, test } from 'vitest';
import { createKey } from '../protocol/sign/key.ts';
import { toAddress, toDatoshi, toDuration, toGas, toHash32, toId, toLocation, toNetwork, toUuid } from './arguments.ts';

describe('an amount of GAS', () => {
  test.each([
    ['1', 100_000_000n],
    ['0.00000001', 1n],
    ['12.5', 1_250_000_000n],
  ])('%s', (text, expected) => expect(toGas(text)).toBe(expected));

  test.each(['1,5', '-1', '0.000000001', '1e3', '', ' 1', '.5', '1.', '0x10', 'GAS'])('%j is none', (text) =>
    expect(() => toGas(text)).toThrow('expected an amount of GAS'),
  );

  test('is more than nothing', () => expect(() => toGas('0.0')).toThrow('more than 0'));
  test('is no more than a contract can hold', () => expect(() => toGas('9999999999')).not.toThrow());
});

describe('a duration', () => {
  test.each([
    ['90s', 90_000],
    ['30m', 1_800_000],
    ['1h30m', 5_400_000],
    ['2d', 172_800_000],
  ])('%s', (text, expected) => expect(toDuration(text)).toBe(expected));
  test.each(['90', '1 h', 'h', '-1h', '1.5h', '1w'])('%j is none', (text) =>
    expect(() => toDuration(text)).toThrow('expected a duration'),
  );
});

test.each([
  [toAddress, createKey().address.replace(/.$/, '0'), 'expected a NEO N3 address'],
  [toDatoshi, '1.5', 'expected whole datoshi'],
  [toId, '0', 'expected a whole number, 1 or more'],
  [toUuid, '9b2f1c7e-4d3a-1f6b-8a51-0c2d3e4f5a6b', 'version 4 UUID'],
  [toHash32, 'ab', '64 hex digits'],
  [toLocation, 'sip example', 'expected a host'],
  [toNetwork, 'privnet', 'expected mainnet, testnet or a magic number'],
] as const)('%o refuses %j', (read, text, message) => expect(() => read(text)).toThrow(message));

test('names of public networks stand for their magic numbers', () => {
  expect([toNetwork('mainnet'), toNetwork('testnet'), toNetwork('7')]).toEqual(['860833102', '894710606', '7']);
});

test('a UUID is taken in lower case, as the contract keeps it', () => {
  expect(toUuid('9B2F1C7E-4D3A-4F6B-8A51-0C2D3E4F5A6B')).toBe('9b2f1c7e-4d3a-4f6b-8a51-0c2d3e4f5a6b');
});
