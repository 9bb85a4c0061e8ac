import { describe, expect, test } from 'vitest';
import { destinationOf } from '../../protocol/call/destination.ts';
import { createKey } from '../../protocol/sign/key.ts';
import { type Asked, type CallKind, isFree, kindOf } from './decide-call.ts';

const [alice, bob] = [createKey().address, createKey().address];
const numbers = (number: string) => (number === '+31201112222' ? bob : null);
const kind = (asked: Partial<Asked>) =>
  kindOf({ method: 'INVITE', sender: { kind: 'user', user: alice }, called: '', ...asked }, numbers);
const gateway = { kind: 'gateway', number: '+4930123456' } as const;

describe('who pays, and where it goes', () => {
  test.each(['+31201234567', '0031201234567', '31201234567', '+31-20-123.4567'])('the number %s', (called) => {
    expect(kind({ called })).toEqual({
      direction: 'outbound',
      payer: alice,
      from: alice,
      to: '+31201234567',
      destination: { kind: 'number', number: '+31201234567' },
      target: { kind: 'gateway', number: '+31201234567' },
    });
  });

  test('a user', () => {
    expect(kind({ called: bob })).toMatchObject({
      payer: alice,
      to: bob,
      destination: { kind: 'neo' },
      target: { user: bob },
    });
  });

  test('a call from the PSTN is paid by who is called, if anybody', () => {
    expect(kind({ sender: gateway, called: '+31201112222' })).toMatchObject({
      direction: 'inbound',
      payer: bob,
      from: '+4930123456',
      to: '+31201112222',
      destination: { kind: 'inbound' },
      target: { kind: 'user', user: bob },
    });
    expect(kind({ sender: gateway, called: '+31201113333' })).toEqual({ refused: 'unknownNumber' });
  });

  test('a message is priced as one', () => {
    expect(kind({ method: 'MESSAGE', called: bob })).toMatchObject({
      to: `sms:${bob}`,
      destination: { kind: 'message' },
    });
    expect(kind({ method: 'MESSAGE', sender: gateway, called: '+31201112222' })).toMatchObject({
      direction: 'inbound',
      payer: bob,
      to: 'sms:+31201112222',
      destination: { kind: 'message' },
    });
    expect(kind({ method: 'MESSAGE', called: '+31201234567' })).toEqual({ refused: 'badDestination' });
  });

  test.each<Partial<Asked>>([
    { called: bob },
    { called: '+31201234567' },
    { sender: gateway, called: '+31201112222' },
    { sender: gateway, called: '+31201112222', method: 'MESSAGE' },
    { called: bob, method: 'MESSAGE' },
  ])('it is priced by what its CDR says, as the settler does: %o', (asked) => {
    const { direction, to, destination } = kind(asked) as CallKind;
    expect(destination).toEqual(destinationOf({ direction, to }));
  });
});

test.each([
  ['a number without its country', '0201234567', 'badDestination'],
  ['a name', 'alice', 'badDestination'],
  ['an address with a wrong character', bob.replace(/.$/, bob.endsWith('a') ? 'b' : 'a'), 'badDestination'],
])('%s is refused', (_, called, refused) => {
  expect(kind({ called })).toEqual({ refused });
});

test('without an entry for them, calls between users cost nothing, and calls to numbers are not for free', () => {
  const neo = { kind: 'neo', address: bob } as const;
  expect(isFree(neo, { kind: 'noDeck' })).toBe(true);
  expect(isFree(neo, { kind: 'free', tariffHash: '' })).toBe(true);
  expect(isFree(neo, { kind: 'deckMissing', tariffHash: '' })).toBe(false);
  expect(isFree({ kind: 'number', number: '+31' }, { kind: 'noDeck' })).toBe(false);
});
