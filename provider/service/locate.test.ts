import { expect, test } from 'vitest';
import { type Dns, isPublic, locate } from './locate.ts';

const dns: Dns = {
  resolveSrv: async (name) => {
    if (name !== '_sip._udp.srv.example.org') throw new Error('ENOTFOUND');
    return [
      { name: 'second.example.org', port: 5062, priority: 20 },
      { name: 'first.example.org', port: 5061, priority: 10 },
    ];
  },
  lookup: async (name) => {
    const known: Record<string, string[]> = {
      'first.example.org': ['198.51.100.1'],
      'sip.example.org': ['2001:db8::1'],
      'inside.example.org': ['10.0.0.5'],
      'both.example.org': ['127.0.0.1', '198.51.100.2'],
    };
    return known[name] ?? Promise.reject(new Error('ENOTFOUND'));
  },
};

test.each([
  ['srv.example.org', 'sip:198.51.100.1:5061'],
  ['sip.example.org', 'sip:[2001:db8::1]:5060'],
  ['sip.example.org:5070', 'sip:[2001:db8::1]:5070'],
  ['198.51.100.7:5070', 'sip:198.51.100.7:5070'],
  ['both.example.org', 'sip:198.51.100.2:5060'],
  ['inside.example.org', null],
  ['127.0.0.1:5060', null],
  ['nowhere.example.org', null],
  ['a b', null],
])('%s leads to %s', async (location, uri) => {
  expect(await locate(dns, location, false)).toBe(uri);
});

test('on a devnet, inside too', async () => {
  expect(await locate(dns, '127.0.0.1:5060', true)).toBe('sip:127.0.0.1:5060');
});

test.each(['127.0.0.1', '10.1.2.3', '172.31.255.255', '192.168.1.1', '169.254.169.254', '100.64.0.1', '0.0.0.0'])(
  '%s is inside',
  (address) => expect(isPublic(address)).toBe(false),
);
test.each(['::1', 'fe80::1', 'fd00::1', '::ffff:127.0.0.1', '::127.0.0.1', 'ff02::1', '255.255.255.255', 'x'])(
  '%s is inside, or nowhere',
  (address) => expect(isPublic(address)).toBe(false),
);
test.each(['8.8.8.8', '172.32.0.1', '2606:4700::1', '198.51.100.1'])('%s is outside', (address) => {
  expect(isPublic(address)).toBe(true);
});
