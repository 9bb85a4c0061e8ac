import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setDefaultCACertificates } from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openPhone } from '../cli/phone/phone.ts';
import { openTls, openWebSocket, type Receive } from '../cli/phone/sip-transport.ts';
import { run } from '../stack/run.ts';
import { makeCertificate } from './harness/authority.ts';
import { hasKamailio, startKamailio } from './harness/kamailio.ts';
import { krypton, refusal } from './harness/krypton.ts';
import { pickPorts } from './harness/provider.ts';

/** `krypton provider init`, as a person types it; Kamailio checks what it writes, and starts on it. */
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'krypton-init-'));
  chmodSync(folder, 0o755); // Kamailio is another user
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const where = () => {
  const chain = ['--rpc', 'http://127.0.0.1:9', '--network', '56753', '--contract', `0x${'01'.repeat(20)}`];
  const wallet = ['--wallet', join(folder, 'wallet.json'), '--password-file', join(folder, 'password')];
  return [...chain, '--api', 'http://127.0.0.1:9', ...wallet];
};
const init = (kit: string, ...args: string[]) => [
  ...['provider', 'init', '--kit', join(folder, kit), '--domain', 'krypton.test', '--address', '127.0.0.1'],
  ...where(),
  ...args,
];

test('writes a kit, for nobody else where it holds the secret', async () => {
  const { status, stdout } = await krypton(init('one', '--gateway', 'sip:192.0.2.1:5060', '--json'));
  expect(status).toBe(0);
  const { written, kept } = JSON.parse(stdout);
  expect(kept).toEqual([]);
  for (const path of written) expect(existsSync(path)).toBe(true);
  for (const name of ['service.env', 'kamailio/settings.cfg', 'kamailio/krypton_register.json'])
    expect(statSync(join(folder, 'one', name)).mode & 0o037).toBe(0); // Kamailio's group may read its own
});

test('again, it keeps what a person may have edited, and brings its own files up to date', async () => {
  await krypton(init('two'));
  const [settings, call] = ['settings.cfg', 'call.cfg'].map((name) => join(folder, 'two', 'kamailio', name)) as [
    string,
    string,
  ];
  writeFileSync(settings, `${readFileSync(settings, 'utf8')}# edited\n`);
  const before = readFileSync(call, 'utf8');
  writeFileSync(call, '# of an older version\n');
  const { stdout } = await krypton(init('two'));
  expect(stdout).toContain(`kept     ${settings}`);
  expect(readFileSync(settings, 'utf8')).toContain('# edited');
  expect(readFileSync(call, 'utf8')).toBe(before);
});

test.each<[string, string[]]>([
  ['both --tls-certificate and --tls-key', ['--tls-key', '/k']],
  ['the address that its calls come from', ['--gateway', 'sip:gw.example.net']],
  ['publicAddress: expected an IP address', ['--public-address', 'example.org']],
  ['turns: speaks TLS', ['--turn', 'turns:krypton.test:5349']],
  ["another port than 443 for --turn: it is Kamailio's", ['--turn', 'turn:krypton.test:443?transport=tcp']],
  ["a port with the gateway's address", ['--turn', 'turn:krypton.test:3478', '--gateway', 'sip:127.0.0.1:5080']],
])('%s', async (words, args) => {
  const result = await krypton(init('refused', ...args));
  expect(result.stderr).toContain(words);
  expect(existsSync(join(folder, 'refused'))).toBe(false);
});

test('the other commands say where a kit is missing, and a wallet service', async () => {
  expect(await refusal(1, ['provider', 'calls', '--kit', join(folder, 'none')])).toContain('no provider');
  expect(await refusal(1, ['provider', 'calls', '--kit', join(folder, 'one')])).toContain('provider serve');
});

describe.runIf(await hasKamailio())('Kamailio', () => {
  test.each<[string, string[]]>([
    ['alone', ['--no-rtpengine']],
    ['with a gateway behind NAT', ['--no-rtpengine', '--public-address', '192.0.2.1', '--gateway', 'sip:192.0.2.2']],
  ])('takes the configuration: %s', async (name, args) => {
    const kit = `check-${name.length}`;
    await krypton(init(kit, ...args));
    const file = join(folder, kit, 'kamailio', 'kamailio.cfg');
    await run('/usr/sbin/kamailio', ['-c', '-f', file], { timeoutMs: 20_000 }); // a failure throws with its last words
  });

  test('starts with TLS, and speaks sips and wss with a certificate of the authority', async () => {
    const { certificate, key, authority } = await makeCertificate(folder, 'localhost');
    chmodSync(key, 0o644);
    setDefaultCACertificates([authority]); // of this process: its WebSockets know no other way to be told
    const ports = await pickPorts();
    const [port = 0] = ports.tls;
    const own = [
      ...['--sip-port', String(ports.sip), '--ws-port', String(ports.ws), '--tls-port', String(port)],
      ...['--kamailio-port', String(ports.kamailio), '--service-port', String(ports.service)],
      ...['--tls-certificate', certificate, '--tls-key', key, '--no-rtpengine'],
    ];
    expect((await krypton(init('tls', ...own))).status).toBe(0);
    const kamailio = await startKamailio(join(folder, 'tls'), ports.sip);
    try {
      for (const open of [
        (receive: Receive) => openTls(port, authority, receive),
        (receive: Receive) => openWebSocket(`wss://localhost:${port}`, receive),
      ]) {
        const phone = await openPhone({ domain: 'krypton.test', user: 'alice', open });
        expect((await phone.register()).status).toBe(503); // no wallet service runs: it fails closed
        phone.close();
      }
    } finally {
      await kamailio.stop();
    }
  });
});
