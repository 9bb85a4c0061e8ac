import { expect, test } from 'vitest';
import { pathOf, readPush } from './read-push.ts';

const call = { kind: 'call', callId: 'a@b', from: '+31201234567' } as const;

test('a call is read, and nothing else', () => {
  expect(readPush(JSON.stringify({ krypton: call }))).toEqual(call);
  const others = ['', 'null', '{}', '[]', '{"krypton":{}}', JSON.stringify({ krypton: { ...call, kind: 'offer' } })];
  for (const bad of [
    { ...call, from: '' },
    { ...call, from: 7 },
    { ...call, callId: 'x'.repeat(101) },
  ])
    others.push(JSON.stringify({ krypton: bad }));
  for (const text of others) expect(readPush(text)).toBeNull();
});

test('its path survives what a Call-ID may hold', () => {
  expect(pathOf({ ...call, callId: 'a&b=c#d' })).toBe('#/?call=a%26b%3Dc%23d');
});
