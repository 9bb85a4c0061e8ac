import { spawn } from 'node:child_process';
import { join, resolve } from 'node:path';
import { type Command, InvalidArgumentError } from 'commander';
import { defaultPorts, type Gateway, kitSettingsSchema } from '../../provider/kamailio/settings.ts';
import { writeKit } from '../../provider/kamailio/write.ts';
import { toCount } from '../arguments.ts';
import type { Settings } from '../config.ts';
import { walletPath } from '../connect.ts';
import { type Kit, kitOption, serviceEnvironment } from '../kit.ts';
import { print } from '../print.ts';
import { act, examples } from '../program.ts';
import { Refusal } from '../refusal.ts';

/** A provider's own machine: writing what its proxy and its wallet service are told, and running the latter. */
export function addProviderInit(provider: Command): void {
  const port = toCount('a port', 1, 65_535);
  provider
    .command('init')
    .description('write the configuration of Kamailio, rtpengine and the wallet service')
    .requiredOption('--domain <name>', 'of SIP addresses: your location on chain')
    .requiredOption('--address <ip>', 'that Kamailio listens on')
    .option('--public-address <ip>', 'that the world sees, where this machine stands behind NAT')
    .option('--gateway <uri[,source]>', 'to the PSTN, and where its calls come from; again for more', toGateway, [])
    .option('--tls-certificate <file>', 'PEM, with its chain: for sips and wss')
    .option('--tls-key <file>', 'its key, PEM')
    .option('--turn <url>', 'where phones find your coturn, whose settings are written too; again for more', toTurn, [])
    .option('--no-rtpengine', 'phones and gateways talk to each other directly')
    .option('--sip-port <port>', 'UDP and TCP', port, defaultPorts.sip)
    .option('--ws-port <port>', 'WebSockets without TLS', port, defaultPorts.ws)
    .option('--tls-port <port>', 'sips and wss', port)
    .option('--service-port <port>', 'of the wallet service, on the loopback', port, defaultPorts.service)
    .option('--kamailio-port <port>', "of Kamailio's HTTP, on the loopback", port, defaultPorts.kamailio)
    .option('--rtpengine-port <port>', 'of rtpengine, on the loopback', port, defaultPorts.rtpengine)
    .option(...kitOption)
    .addHelpText(
      'after',
      examples(
        'provider init --domain sip.example.org --address 192.0.2.1 --gateway sip:gw.example.net,198.51.100.7 --wallet provider.json',
      ),
    )
    .action(act(init));
  provider
    .command('serve')
    .description('run the wallet service, until it is stopped')
    .option(...kitOption)
    .addHelpText('after', examples('provider serve --kit /etc/krypton'))
    .action(act((_settings, { kit }: Kit) => serve(kit)));
}

type InitOptions = Kit & {
  domain: string;
  address: string;
  publicAddress?: string;
  gateway: Gateway[];
  turn: string[];
  tlsCertificate?: string;
  tlsKey?: string;
  tlsPort?: number;
  rtpengine: boolean;
  sipPort: number;
  wsPort: number;
  servicePort: number;
  kamailioPort: number;
  rtpenginePort: number;
};

async function init(settings: Settings, options: InitOptions): Promise<void> {
  const { rpc, network, contract, api, passwordFile } = settings;
  if (!rpc || !contract || network === undefined || !api)
    throw new Refusal('expected --rpc, --network, --contract and --api: the wallet service asks them');
  if (passwordFile === undefined)
    throw new Refusal('expected --password-file: the wallet service starts without a person');
  refuseTurn(options);
  const { tlsCertificate: certificate, tlsKey: key } = options;
  if ((certificate === undefined) !== (key === undefined))
    throw new Refusal('expected both --tls-certificate and --tls-key, or none of them');
  const given = kitSettingsSchema.safeParse({
    domain: options.domain,
    address: options.address,
    publicAddress: options.publicAddress ?? null,
    gateways: options.gateway,
    turn: options.turn,
    tls: certificate && key ? { certificate: resolve(certificate), key: resolve(key) } : null,
  });
  if (!given.success) {
    const [issue] = given.error.issues;
    throw new Refusal(`${issue?.path.join('.')}: ${issue?.message}`);
  }
  const { sipPort: sip, wsPort: ws, servicePort: service, kamailioPort: kamailio, rtpenginePort: rtpengine } = options;
  const tls = options.tlsPort === undefined ? defaultPorts.tls : [options.tlsPort];
  const { written, kept } = writeKit(options.kit, {
    ...given.data,
    rtpengine: options.rtpengine,
    ports: { ...defaultPorts, sip, ws, tls, service, kamailio, rtpengine },
    network,
    contract,
    rpcUrl: rpc,
    apiUrl: api,
    wallet: resolve(walletPath(settings)),
    walletPasswordFile: resolve(passwordFile),
  });
  print(settings.json, { folder: resolve(options.kit), written, kept }, () => [
    ...written.map((path) => `written  ${path}`),
    ...kept.map((path) => `kept     ${path}`),
    ...(given.data.tls ? [] : ['without TLS everybody on the way can listen: for trying only']),
  ]);
}

/** coturn stands on the address that Kamailio has. */
function refuseTurn({ turn, address, gateway, tlsCertificate, tlsPort, sipPort }: InitOptions): void {
  if (turn.some((url) => url.startsWith('turns:')) && tlsCertificate === undefined)
    throw new Refusal('expected --tls-certificate and --tls-key too: turns: speaks TLS');
  const taken = [sipPort, ...(tlsPort === undefined ? defaultPorts.tls : [tlsPort])];
  const port = turn.map((url) => Number(/:(\d+)(\?|$)/.exec(url)?.[1])).find((each) => taken.includes(each));
  if (port !== undefined) throw new Refusal(`expected another port than ${port} for --turn: it is Kamailio's own`);
  // what comes out of the relay bears this address too
  if (turn.length > 0 && gateway.some(({ source }) => source === address))
    throw new Refusal(
      `expected a port with the gateway's address, e.g. ${address}:5080: the relay has the same address`,
    );
}

function toGateway(text: string, before: Gateway[]): Gateway[] {
  const [uri = '', source] = text.split(',');
  const host = /^sip:(\d{1,3}(?:\.\d{1,3}){3})/.exec(uri)?.[1];
  if (source === undefined && host === undefined)
    throw new InvalidArgumentError(
      'expected the address that its calls come from too, e.g. sip:gw.example.net,198.51.100.7',
    );
  return [...before, { uri, source: source ?? (host as string) }];
}

const toTurn = (url: string, before: string[]): string[] => [...before, url];

/** In the foreground, as a unit of systemd or a person at a terminal runs it. */
async function serve(kit: string): Promise<void> {
  const main = join(import.meta.dirname, '..', '..', 'provider', 'service', 'main.ts');
  const child = spawn(process.execPath, [main], { env: serviceEnvironment(kit), stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal));
  const status = await new Promise<number | null>((done) => child.once('exit', done));
  if (status !== 0) throw new Refusal(`the wallet service has ended with status ${status}: its last line says why`);
}
