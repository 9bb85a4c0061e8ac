import { expect, test } from 'vitest';
import { createKey } from '../../protocol/sign/key.ts';
import { NONCE_MS, SESSION_MS } from './decide-registration.ts';
import { endSessions, findSession, giveNonce, noncesOf, openSession, renewSession } from './sessions.ts';
import { openStore } from './store.ts';

const [user, other] = [createKey().address, createKey().address];
const now = new Date('2026-01-31T12:00:00Z');
const after = (ms: number) => new Date(now.getTime() + ms);
const open = (
  store: ReturnType<typeof openStore>,
  given: { device?: string | null; notAfter?: Date; now?: Date } = {},
) => openSession(store, { user, device: null, nonce: '', notAfter: null, now, ...given });

test('a nonce is for an address on a connection; the newest few are kept, as long as they are good', () => {
  const store = openStore(':memory:');
  const given = Array.from({ length: 10 }, (_, i) => giveNonce(store, user, 'ws:1', after(i)));
  expect(
    noncesOf(store, user, 'ws:1')
      .map(({ nonce }) => nonce)
      .toSorted(),
  ).toEqual(given.slice(2).toSorted());
  expect(noncesOf(store, user, 'ws:2')).toEqual([]);
  expect(noncesOf(store, other, 'ws:1')).toEqual([]);
  giveNonce(store, other, 'ws:1', after(NONCE_MS + 20));
  expect(noncesOf(store, user, 'ws:1')).toEqual([]);
});

test('a nonce that has opened a session is used up', () => {
  const store = openStore(':memory:');
  const nonce = giveNonce(store, user, 'ws:1', now);
  openSession(store, { user, device: null, nonce, notAfter: null, now });
  expect(noncesOf(store, user, 'ws:1')).toEqual([]);
});

test('a session lasts as long as it is used, and never longer than the delegation that it rests on', () => {
  const store = openStore(':memory:');
  const [free, bound] = [open(store), open(store, { notAfter: after(SESSION_MS + 5) })];
  const hour = 3_600_000;
  for (const secret of [free, bound]) renewSession(store, secret, after(hour)); // written once an hour at most
  expect(findSession(store, free)?.expiresAt).toEqual(after(SESSION_MS));
  for (const secret of [free, bound]) renewSession(store, secret, after(hour + 1));
  expect(findSession(store, free)?.expiresAt).toEqual(after(SESSION_MS + hour + 1));
  expect(findSession(store, bound)?.expiresAt).toEqual(after(SESSION_MS + 5));
  expect(findSession(store, `${free}x`)).toBeNull();
});

test('a secret is not kept, a device has one session, a user some, and none who has unregistered', () => {
  const store = openStore(':memory:');
  const [first, second] = [open(store, { device: 'a' }), open(store, { device: 'a' })];
  expect([findSession(store, first), findSession(store, second)?.user]).toEqual([null, user]);
  const rows = JSON.stringify(store.prepare('select hash from sessions').all());
  expect(rows).not.toContain(second);
  const many = Array.from({ length: 25 }, (_, i) => open(store, { now: after(i + 1) }));
  expect(many.filter((secret) => findSession(store, secret) !== null)).toEqual(many.slice(5));
  endSessions(store, user);
  expect(many.filter((secret) => findSession(store, secret) !== null)).toEqual([]);
});
