import { parseEnv } from 'node:util';
import { describe, expect, test } from 'vitest';
import { loadProviderConfig } from '../service/config.ts';
import { createPush } from '../service/push.ts';
import { rtpengineConf, serviceEnv, settingsCfg, tlsCfg, turnserverConf, units } from './render.ts';
import { defaultPorts, type KitSettings, kitSettingsSchema } from './settings.ts';

const settings: KitSettings = {
  domain: 'sip.example.org',
  address: '10.0.0.1',
  publicAddress: '192.0.2.1',
  gateways: [
    { uri: 'sip:one.example.net:5060', source: '198.51.100.1' },
    { uri: 'sip:two.example.net;transport=tcp', source: '198.51.100.2:5060' },
  ],
  tls: { certificate: '/etc/ssl/chain.pem', key: '/etc/ssl/key.pem' },
  rtpengine: true,
  turn: ['turns:turn.example.org:443?transport=tcp'],
  ports: defaultPorts,
  network: 894710606,
  contract: `0x${'01'.repeat(20)}` as KitSettings['contract'],
  rpcUrl: ['https://one.example', 'https://two.example'],
  apiUrl: 'https://api.example.org',
  wallet: '/etc/krypton/wallet.json',
  walletPasswordFile: '/etc/krypton/password',
};
const places = { folder: '/etc/krypton', repository: '/opt/krypton', secret: 's'.repeat(48) };

test("Kamailio's settings: behind NAT, with gateways and TLS", () => {
  const text = settingsCfg(settings, places);
  for (const line of [
    '#!define WITH_TLS',
    '#!define WITH_RTPENGINE',
    `#!substdef "!KRYPTON_SECRET!${places.secret}!g"`,
    '#!substdef "!KRYPTON_GATEWAYS!198.51.100.1,198.51.100.2:5060!g"',
    'alias="sip.example.org"',
    'listen=udp:10.0.0.1:5060 advertise 192.0.2.1:5060',
    'listen=tls:10.0.0.1:443 advertise 192.0.2.1:443',
    'listen=tcp:127.0.0.1:5081',
  ])
    expect(text.split('\n')).toContain(line);
});

test('without them', () => {
  const text = settingsCfg({ ...settings, publicAddress: null, gateways: [], tls: null, rtpengine: false }, places);
  expect(text).not.toMatch(/WITH_|advertise|tls/);
  expect(text).toContain('!KRYPTON_GATEWAYS!none!');
  expect(text).toContain('\nlisten=udp:10.0.0.1:5060\n');
});

test('the wallet service reads what is written for it', () => {
  expect(loadProviderConfig(parseEnv(serviceEnv(settings, places)) as NodeJS.ProcessEnv)).toMatchObject({
    rpcUrl: settings.rpcUrl,
    network: settings.network,
    contract: settings.contract,
    providerPort: 5080,
    providerSecret: places.secret,
    providerKamailioUrl: 'http://127.0.0.1:5081',
    providerGateways: ['sip:one.example.net:5060', 'sip:two.example.net;transport=tcp'],
  });
});

test('the key with which phones are woken is one of the curve, and stays where service.env is written anew', () => {
  const keyOf = () => {
    const { providerPushSecret: secret = '', providerPushContact: contact } = loadProviderConfig(
      parseEnv(serviceEnv(settings, places)) as NodeJS.ProcessEnv,
    );
    return createPush({ secret, contact, hosts: [], allowsHttp: false });
  };
  expect(keyOf()).toMatchObject({
    publicKey: expect.stringMatching(/^B[\w-]{86}$/),
    contact: 'mailto:postmaster@sip.example.org',
  });
  expect(keyOf()).toEqual(keyOf());
});

test('rtpengine, certificates and units name the same places', () => {
  expect(rtpengineConf(settings)).toContain('interface = 10.0.0.1!192.0.2.1\n');
  expect(rtpengineConf(settings)).toContain('dtls-passive = true\n');
  expect(tlsCfg(settings)).toContain('certificate = /etc/ssl/chain.pem\nprivate_key = /etc/ssl/key.pem\n');
  expect(units(settings, places)['krypton-provider.service']).toContain('EnvironmentFile=/etc/krypton/service.env\n');
});

describe('nothing that ends a line or a rule gets into a file', () => {
  test.each([
    ['domain', { domain: 'a"\nlisten=udp:1.2.3.4' }],
    ['domain', { domain: '127.0.0.1' }],
    ['address', { address: '1.2.3.4!g' }],
    ['publicAddress', { publicAddress: 'example.org' }],
    ['gateways', { gateways: [{ uri: 'sip:a b', source: '192.0.2.1' }] }],
    ['gateways', { gateways: [{ uri: 'sip:a', source: '0/0' }] }],
    ['tls', { tls: { certificate: '/a\nb', key: '/k' } }],
  ])('%s', (path, given) => {
    expect(kitSettingsSchema.safeParse({ ...settings, ...given }).error?.issues[0]?.path[0]).toBe(path);
    expect(kitSettingsSchema.safeParse(settings).success).toBe(true);
  });
});

test('coturn and the wallet service know the same secret, and the relay reaches rtpengine alone', () => {
  const conf = turnserverConf(settings, places);
  const secret = /^static-auth-secret=(\w{64})$/m.exec(conf)?.[1];
  expect(secret).toBeDefined();
  expect(serviceEnv(settings, places)).toContain(`KRYPTON_PROVIDER_TURN_SECRET=${secret}\n`);
  expect(conf).toContain('denied-peer-ip=0.0.0.0-255.255.255.255\n');
  expect(conf).toContain(`allowed-peer-ip=${settings.address}\n`);
  expect(conf).toContain('tls-listening-port=443\n');
  expect(conf).toContain('no-udp\n'); // no relay without TLS where none was asked for
});
