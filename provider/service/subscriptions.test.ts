import { expect, test } from 'vitest';
import { createKey } from '../../protocol/sign/key.ts';
import { loadProviderConfig } from './config.ts';
import { endSessions } from './sessions.ts';
import { openStore } from './store.ts';
import { forgetEndpoint, keepSubscription, subscriptionsOf } from './subscriptions.ts';

const [user, other] = [createKey().address, createKey().address];
const keys = { p256dh: 'B'.repeat(87), auth: 'a'.repeat(22) };
const { providerPushHosts: hosts } = loadProviderConfig({
  KRYPTON_RPC_URL: 'http://127.0.0.1:9',
  KRYPTON_NETWORK: '1',
  KRYPTON_CONTRACT: `0x${'01'.repeat(20)}`,
  KRYPTON_API_URL: 'http://127.0.0.1:9',
  KRYPTON_WALLET: '/wallet.json',
  KRYPTON_PROVIDER_STORE: '/store.sqlite',
  KRYPTON_PROVIDER_SECRET: 's'.repeat(32),
  KRYPTON_PROVIDER_KAMAILIO_URL: 'http://127.0.0.1:9',
});
const services = { hosts, allowsHttp: false };
const service = 'https://updates.push.services.mozilla.com/wpush/v2/';

const keep = (
  store: ReturnType<typeof openStore>,
  endpoint: string,
  given: { user?: typeof user; device?: string; at?: number } = {},
) =>
  keepSubscription(store, services, {
    user: given.user ?? user,
    device: given.device ?? null,
    text: JSON.stringify({ endpoint, keys }),
    now: new Date(given.at ?? 0),
  });
const endpoints = (store: ReturnType<typeof openStore>, of = user) =>
  subscriptionsOf(store, of).map(({ endpoint }) => endpoint);

test.each([
  'https://fcm.googleapis.com/fcm/send/x',
  `${service}x`,
  'https://web.push.apple.com/x',
  'https://wns2-par02p.notify.windows.com/w/?token=x',
])('push services of browsers are known: %s', (endpoint) => {
  expect(keep(openStore(':memory:'), endpoint)).toBe('kept');
});

test.each([
  'http://fcm.googleapis.com/x',
  'https://fcm.googleapis.com:8443/x',
  'https://user@fcm.googleapis.com/x',
  'https://fcm.googleapis.com@127.0.0.1/x',
  'https://notfcm.googleapis.com.example.org/x',
  'https://evilpush.apple.com/x',
  'https://127.0.0.1/x',
  'https://[::1]/x',
  'https://169.254.169.254/latest/meta-data',
])('and nobody else is posted to: %s', (endpoint) => {
  const store = openStore(':memory:');
  expect(keep(store, endpoint)).toBe('unknownService');
  expect(endpoints(store)).toEqual([]);
});

test('a device has one subscription, a user ten, and a browser that two users share wakes both', () => {
  const store = openStore(':memory:');
  keep(store, `${service}old`, { device: 'one' });
  keep(store, `${service}new`, { device: 'one', at: 1 });
  expect(endpoints(store)).toEqual([`${service}new`]);
  keep(store, `${service}new`, { user: other });
  for (let i = 0; i < 10; i += 1) keep(store, `${service}${i}`, { at: 2 + i });
  expect(endpoints(store).toSorted()).toEqual(Array.from({ length: 10 }, (_, i) => `${service}${i}`));
  expect(endpoints(store, other)).toEqual([`${service}new`]);
});

test('it ends where the browser takes it back, and with the registration on chain', () => {
  const store = openStore(':memory:');
  keep(store, `${service}one`);
  keep(store, `${service}two`);
  forgetEndpoint(store, `${service}one`);
  expect(endpoints(store)).toEqual([`${service}two`]);
  endSessions(store, user);
  expect(endpoints(store)).toEqual([]);
});
