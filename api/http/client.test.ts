import type { Context } from 'hono';
import { expect, test } from 'vitest';
import { clientOf, networkOf } from './client.ts';
import type { Env } from './env.ts';

test.each([
  ['192.0.2.7', '192.0.2.7'],
  ['::ffff:192.0.2.7', '192.0.2.7'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:db8::7', '2001:db8:0:0::/64'],
  ['fe80::1%eth0', 'fe80:0:0:0::/64'],
  ['::1', '0:0:0:0::/64'],
])('%s counts as %s', (address, network) => expect(networkOf(address)).toBe(network));

const request = (peer: string, forwarded?: string) =>
  ({
    env: { incoming: { socket: { remoteAddress: peer }, headers: { 'x-forwarded-for': forwarded } } },
  }) as unknown as Context<Env>;

test.each([
  ['without proxies, what a client says of itself is not believed', 0, '192.0.2.7', '198.51.100.1', '192.0.2.7'],
  ['one proxy', 1, '10.0.0.1', '198.51.100.1', '198.51.100.1'],
  ['one proxy, and a client that makes addresses up', 1, '10.0.0.1', '203.0.113.9, 198.51.100.1', '198.51.100.1'],
  ['two proxies', 2, '10.0.0.1', '203.0.113.9, 198.51.100.1, 10.0.0.2', '198.51.100.1'],
  ['a request that came around the proxies', 2, '192.0.2.7', '198.51.100.1', '192.0.2.7'],
  ['a proxy that says nothing', 1, '10.0.0.1', undefined, '10.0.0.1'],
  ['a proxy that hides its client', 1, '10.0.0.1', 'unknown', '10.0.0.1'],
  ['no address at all', 1, '10.0.0.1', 'a:b:c:d:e:f:g:h:i::j', '10.0.0.1'],
])('%s', (_, proxies, peer, forwarded, client) => {
  expect(clientOf(request(peer, forwarded), proxies)).toBe(client);
});
