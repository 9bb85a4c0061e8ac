import { createHmac } from 'node:crypto';
import { isIPv6 } from 'node:net';
import { type Command, kamailioCommand, rtpengineCommand, turnserverCommand } from './programs.ts';
import type { KitSettings } from './settings.ts';

/** The files that are made of a provider's settings; all else of the kit is the same everywhere. */

export type Places = {
  /** The folder of the whole kit. */
  folder: string;
  /** Of KRYPTON itself, with the node that runs it. */
  repository: string;
  secret: string;
};

const edit = (what: string, how: string) => [
  `# Written by krypton provider init, and never overwritten by it. ${what}`,
  `# ${how}`,
];

/** Kamailio's own words: what the other files of the kit stand on. */
export function settingsCfg(settings: KitSettings, { folder, secret }: Places): string {
  const { domain, address, publicAddress, ports, gateways, tls, rtpengine } = settings;
  const advertised = publicAddress === null ? null : bracketed(publicAddress);
  const listen = (proto: string, port: number) => {
    const own = `listen=${proto}:${bracketed(address)}:${port}`;
    return advertised === null ? own : `${own} advertise ${advertised}:${port}`;
  };
  const words = {
    KRYPTON_FOLDER: `${folder}/kamailio`,
    KRYPTON_RUN: `${folder}/run`,
    KRYPTON_RPC_PORT: ports.kamailio,
    KRYPTON_SECRET: secret,
    // in_list() finds nothing in an empty list; no source of a packet is this word
    KRYPTON_GATEWAYS: gateways.map(({ source }) => source).join(',') || 'none',
    KRYPTON_RTPENGINE: `udp:127.0.0.1:${ports.rtpengine}`,
  };
  return lines([
    ...edit(
      'Restart Kamailio after a change.',
      'Addresses, ports and gateways are yours to edit; the secret stands in service.env too.',
    ),
    ...(tls ? ['#!define WITH_TLS'] : []),
    ...(rtpengine ? ['#!define WITH_RTPENGINE'] : []),
    ...Object.entries(words).map(([name, value]) => `#!substdef "!${name}!${value}!g"`),
    '',
    `alias="${domain}"`,
    listen('udp', ports.sip),
    listen('tcp', ports.sip),
    listen('tcp', ports.ws),
    ...(tls ? ports.tls.map((port) => listen('tls', port)) : []),
    '# what the wallet service asks; nobody else reaches it',
    `listen=tcp:127.0.0.1:${ports.kamailio}`,
  ]);
}

const bracketed = (address: string) => (isIPv6(address) ? `[${address}]` : address);

export function tlsCfg({ tls, gateways }: KitSettings): string {
  // each process of Kamailio keeps a copy of the list: a second and a megabyte each, where nobody needs it
  const isClient = gateways.some(({ uri }) => /;transport=tls$/.test(uri));
  return lines([
    ...edit('kamcmd tls.reload takes a new certificate in.', 'Other certificates for other names: see the tls module.'),
    '[server:default]',
    'method = TLSv1.2+',
    'verify_certificate = no',
    'require_certificate = no',
    ...(tls ? [`certificate = ${tls.certificate}`, `private_key = ${tls.key}`] : []),
    '',
    '# to gateways; without a list of authorities nobody is believed',
    '[client:default]',
    'method = TLSv1.2+',
    'verify_certificate = yes',
    ...(isClient ? ['ca_list = /etc/ssl/certs/ca-certificates.crt'] : []),
  ]);
}

/** What krypton_register.py reads. */
export const registerJson = ({ ports }: KitSettings, { secret }: Places): string =>
  `${JSON.stringify({ url: `http://127.0.0.1:${ports.service}`, secret }, null, 2)}\n`;

/** The wallet service's environment. */
export function serviceEnv(settings: KitSettings, { folder, secret }: Places): string {
  const { ports, gateways, rpcUrl, apiUrl, network, contract, wallet, walletPasswordFile } = settings;
  const variables = {
    KRYPTON_RPC_URL: rpcUrl.join(','),
    KRYPTON_NETWORK: network,
    KRYPTON_CONTRACT: contract,
    KRYPTON_API_URL: apiUrl,
    KRYPTON_WALLET: wallet,
    KRYPTON_WALLET_PASSWORD_FILE: walletPasswordFile,
    KRYPTON_PROVIDER_STORE: `${folder}/store.sqlite`,
    KRYPTON_PROVIDER_LIMITS: `${folder}/limits.json`,
    KRYPTON_PROVIDER_PORT: ports.service,
    KRYPTON_PROVIDER_SECRET: secret,
    KRYPTON_PROVIDER_KAMAILIO_URL: `http://127.0.0.1:${ports.kamailio}`,
    ...(settings.rtpengine && { KRYPTON_PROVIDER_RTPENGINE: `127.0.0.1:${ports.rtpengine}` }),
    KRYPTON_PROVIDER_PUSH_SECRET: pushSecret(secret),
    KRYPTON_PROVIDER_PUSH_CONTACT: `mailto:postmaster@${settings.domain}`,
    ...(settings.turn.length > 0 && {
      KRYPTON_PROVIDER_TURN_SECRET: turnSecret(secret),
      KRYPTON_PROVIDER_TURN_URLS: settings.turn.join(','),
    }),
    ...(gateways.length > 0 && { KRYPTON_PROVIDER_GATEWAYS: gateways.map(({ uri }) => uri).join(',') }),
  };
  return lines([
    ...edit(
      'Restart the wallet service after a change.',
      'It holds the secret: keep it for its owner alone. docs/provider.md lists all settings.',
    ),
    ...Object.entries(variables).map(([name, value]) => `${name}=${value}`),
  ]);
}

export function rtpengineConf({ ports, address, publicAddress }: KitSettings): string {
  return lines([
    ...edit('Restart rtpengine after a change.', 'The ports of the sound have to be open to the world.'),
    '[rtpengine]',
    'table = -1',
    `interface = ${address}${publicAddress === null ? '' : `!${publicAddress}`}`,
    `listen-ng = 127.0.0.1:${ports.rtpengine}`,
    `port-min = ${ports.mediaFirst}`,
    `port-max = ${ports.mediaLast}`,
    '# as the active side it would speak before a recent Chromium listens, which then never answers',
    'dtls-passive = true',
    'timeout = 60',
  ]);
}

/** Of the kit's own secret, so that a file that is written later fits those that were kept. */
const turnSecret = (secret: string): string => createHmac('sha256', secret).update('turn').digest('hex');

/** VAPID's private key. The same for good: browsers subscribe with it. */
const pushSecret = (secret: string): string => createHmac('sha256', secret).update('push').digest('base64url');

/** For coturn. It relays to our own rtpengine alone: else whoever has registered could reach whatever it reaches. */
export function turnserverConf(settings: KitSettings, { secret }: Places): string {
  const { domain, address, publicAddress, turn, tls } = settings;
  const portOf = (scheme: string) => turn.find((url) => url.startsWith(`${scheme}:`))?.match(/:(\d+)(\?|$)/)?.[1];
  const [plain, secure] = [portOf('turn'), portOf('turns')];
  return lines([
    ...edit(
      'Restart coturn after a change.',
      'Ports and quotas are yours to edit; the secret stands in service.env too.',
    ),
    `listening-ip=${address}`,
    `relay-ip=${address}`,
    ...(publicAddress === null ? [] : [`external-ip=${publicAddress}/${address}`]),
    ...(plain === undefined ? ['no-udp', 'no-tcp'] : [`listening-port=${plain}`]),
    ...(secure === undefined || !tls ? ['no-tls', 'no-dtls'] : [`tls-listening-port=${secure}`]),
    ...(tls ? [`cert=${tls.certificate}`, `pkey=${tls.key}`] : []),
    `realm=${domain}`,
    'fingerprint',
    'use-auth-secret',
    `static-auth-secret=${turnSecret(secret)}`,
    '# calls of one user at the same time, each with some candidates',
    'user-quota=40',
    'no-tcp-relay',
    'no-multicast-peers',
    'denied-peer-ip=0.0.0.0-255.255.255.255',
    'denied-peer-ip=::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff',
    ...[address, ...(publicAddress === null ? [] : [publicAddress])].map((own) => `allowed-peer-ip=${own}`),
    'no-cli',
    'pidfile=/dev/null', // systemd knows it
    'log-file=stdout',
    'simple-log',
  ]);
}

/** What the world talks to is not root: the ports below 1024 are all that Kamailio needs of it. */
export function units({ turn }: Pick<KitSettings, 'turn'>, { folder, repository }: Places): Record<string, string> {
  const unit = (what: string, after: string, service: readonly string[]) =>
    lines([
      ...edit('systemctl daemon-reload after a change.', 'Copy it to /etc/systemd/system.'),
      ...[
        '[Unit]',
        `Description=${what}`,
        `After=network-online.target ${after}`.trimEnd(),
        'Wants=network-online.target',
        'StartLimitIntervalSec=0', // a full disk, or a port that another program holds, may last
        '',
      ],
      ...['[Service]', ...service, 'Restart=always', 'RestartSec=1', '', '[Install]', 'WantedBy=multi-user.target'],
    ]);
  const started = ({ program, args }: Command) => [program, ...args].join(' ');
  return {
    'krypton-provider.service': unit("KRYPTON provider's wallet service", '', [
      `EnvironmentFile=${folder}/service.env`,
      `ExecStart=${repository}/node_modules/.bin/node ${repository}/provider/service/main.ts`,
    ]),
    'krypton-rtpengine.service': unit('KRYPTON rtpengine', '', [`ExecStart=${started(rtpengineCommand(folder))}`]),
    ...(turn.length > 0 && {
      'krypton-turn.service': unit('KRYPTON coturn', '', [
        'User=turnserver',
        'AmbientCapabilities=CAP_NET_BIND_SERVICE',
        `ExecStart=${started(turnserverCommand(folder))}`,
      ]),
    }),
    // rtpengine first: one that does not listen yet is taken for dead, for a minute
    'krypton-kamailio.service': unit('KRYPTON Kamailio', 'krypton-provider.service krypton-rtpengine.service', [
      'User=kamailio',
      'AmbientCapabilities=CAP_NET_BIND_SERVICE',
      `ExecStart=${started(kamailioCommand(folder))}`,
    ]),
  };
}

const lines = (all: readonly string[]): string => `${all.join('\n')}\n`;
