import { isIP } from 'node:net';
import type { Context } from 'hono';
import type { Env } from './env.ts';
import { requestHeader } from './header.ts';

/**
 * The network that a request comes from. Each of our own proxies has added the address that it was asked from at the
 * end of `X-Forwarded-For`; what stands before those, a client may have written itself.
 */
export function clientOf(c: Context<Env>, proxies: number): string {
  const peer = c.env?.incoming?.socket?.remoteAddress ?? '';
  return clientBehind(peer, proxies === 0 ? undefined : requestHeader(c, 'x-forwarded-for'), proxies);
}

export function clientBehind(peer: string, forwardedFor: string | undefined, proxies: number): string {
  if (proxies === 0) return networkOf(peer);
  const address = forwardedFor?.split(',').at(-proxies)?.trim() ?? '';
  return networkOf(isIP(address) === 0 ? peer : address);
}

/** Whoever has one IPv6 address has all 2^64 of its network: they count as one. */
export function networkOf(address: string): string {
  const plain = address.replace(/^::ffff:(?=\d+\.)/, '').replace(/%.*$/, '');
  if (!plain.includes(':')) return plain;
  const [head = '', tail] = plain.split('::');
  const groups = head === '' ? [] : head.split(':');
  const missing = 8 - groups.length - (tail ? tail.split(':').length : 0);
  const all = tail === undefined ? groups : [...groups, ...Array(missing).fill('0'), ...(tail ? tail.split(':') : [])];
  return `${all.slice(0, 4).join(':')}::/64`;
}
