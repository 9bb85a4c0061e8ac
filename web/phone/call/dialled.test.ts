import { expect, test } from 'vitest';
import { international, readDialled, toTones } from './dialled.ts';

const address = 'NZjfxBCPQ6bMTWB1mkLj95PzNRbBT2fZ9t';

test.each([
  ['+31 20 123 45 67', '+31201234567'],
  ['+31 (0)20-123.4567', '+31201234567'],
  ['0031201234567', '+31201234567'],
  ['tel:+31-20-1234567', '+31201234567'],
  ['sip:+31201234567@phone.test;user=phone', '+31201234567'],
  ['\u202a+31\u00a020\u20111234567\u202c', '+31201234567'],
  ['+1 800 FLOWERS', '+18003569377'],
  ['+٣١٢٠١٢٣٤٥٦٧', '+31201234567'],
])('%s is a number', (text, number) => {
  expect(readDialled(text)).toEqual({ kind: 'number', number });
});

test('an address is an address, however it was copied', () => {
  for (const text of [address, ` ${address}\n`, `sip:${address}@krypton.test`, `neo:${address}?amount=1`])
    expect(readDialled(text)).toEqual({ kind: 'neo', address });
  expect(readDialled(`${address.slice(0, -1)}X`).kind).toBe('nothing');
});

test('a number without a country is said to be one', () => {
  expect(readDialled('020-1234567')).toEqual({ kind: 'national', digits: '0201234567' });
  expect(readDialled('112')).toEqual({ kind: 'national', digits: '112' });
  expect(international('0201234567', '+31')).toBe('+31201234567');
});

test.each(['', '+', '++31201234567', '+0123456', `+${'1'.repeat(16)}`, '<script>', 'alice', '*100#', '+31\r\nFrom: x'])(
  '%j can not be called',
  (text) => {
    const { kind } = readDialled(text);
    expect(kind).toBe('nothing');
  },
);

test('tones are what a pad has', () => {
  expect(toTones('1-2 3#*,x4')).toBe('123#*,94');
  expect(toTones('\r\nA: <b>')).toBe('22');
});
