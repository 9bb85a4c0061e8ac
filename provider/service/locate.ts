import { BlockList, isIP } from 'node:net';

/** Where another provider's proxy is. What the chain says of it is a stranger's word. */

export type Dns = {
  resolveSrv(name: string): Promise<{ name: string; port: number; priority: number }[]>;
  lookup(name: string): Promise<string[]>;
};

const DEFAULT_PORT = 5060;

/** Addresses of this machine and of networks behind it: a location could lead a provider's proxy to its own insides. */
const inside = new BlockList();
for (const [network, bits] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['224.0.0.0', 3],
] as const)
  inside.addSubnet(network, bits, 'ipv4');
for (const [network, bits] of [
  ['::', 96],
  ['64:ff9b::', 96],
  ['fc00::', 7],
  ['fe80::', 10],
  ['ff00::', 8],
] as const)
  inside.addSubnet(network, bits, 'ipv6');

export const isPublic = (address: string): boolean =>
  isIP(address) !== 0 && !inside.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');

/**
 * The SIP URI of a location: a host with or without port, or the name of an SRV record. It names an address, so that
 * Kamailio goes where was looked at. Null: it leads nowhere, or to where it must not.
 */
export async function locate(dns: Dns, location: string, allowPrivate: boolean): Promise<string | null> {
  const [, host = '', given] = /^\[?([\w.:-]+?)\]?(?::(\d{1,5}))?$/.exec(location) ?? [];
  if (host === '') return null;
  const srv = given === undefined && isIP(host) === 0 ? await dns.resolveSrv(`_sip._udp.${host}`).catch(() => []) : [];
  const [best] = srv.toSorted((a, b) => a.priority - b.priority);
  const [name, port] = best ? [best.name, best.port] : [host, Number(given ?? DEFAULT_PORT)];
  const addresses = isIP(name) ? [name] : await dns.lookup(name).catch(() => []);
  const usable = addresses.find((address) => allowPrivate || isPublic(address));
  if (usable === undefined) return null;
  return `sip:${isIP(usable) === 6 ? `[${usable}]` : usable}:${port}`;
}
