// npm run phone: a provider of its own beside npm start, with Kamailio, rtpengine and a stand-in for the PSTN.
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import type { Ports } from '../provider/kamailio/settings.ts';
import { writeKit } from '../provider/kamailio/write.ts';
import { walletOf } from '../stack/accounts.ts';
import { holdMediaPorts, pickPort } from '../stack/ports.ts';
import { Trouble } from '../stack/trouble.ts';
import { loadSettings } from './config.ts';
import { openChain } from './connect.ts';
import { askKit } from './kit.ts';
import { openGateway } from './phone/gateway.ts';
import { providePrograms, startParts } from './phone/parts.ts';
import { provideProvider } from './phone/provider.ts';
import { fields } from './print.ts';
import { openDevnet } from './purse.ts';
import { lineOf, Refusal } from './refusal.ts';

const help = `npm run phone: a provider's whole machine, on the devnet that npm start runs

Deploys a provider with a rate deck, writes a kit as krypton provider init does, and runs the wallet service, Kamailio,
rtpengine and a stand-in for a gateway to the PSTN, which answers with three tones and then says what is said to it.
Ends with Ctrl-C. Its files and logs are in .krypton/phone.
`;

/** Where SIP addresses end. Phones are told where the proxy is: nobody has to resolve it. */
const DOMAIN = 'phone.test';
const NUMBER = '+31201234567';

const say = (text: string) => console.log(text);

async function main(): Promise<void> {
  if (parseArgs({ options: { help: { type: 'boolean', short: 'h' } } }).values.help) {
    process.stdout.write(help);
    return;
  }
  const settings = loadSettings({}, process.env);
  await openDevnet(settings);
  const chain = await openChain(settings);
  const { stack } = settings;
  if (!stack) throw new Refusal('no devnet runs on this machine: npm start starts one');
  await providePrograms(say);
  const { signer, deck } = await provideProvider(chain, settings, DOMAIN);
  // of another contract, as after npm run reset, nothing is taken over: ids of escrows begin anew there
  const kit = join(settings.folder.root, 'phone', chain.contract.slice(2, 10));
  const { gateway, ...ports } = await providePorts(kit);
  for (const name of ['kamailio', 'service.env', 'rtpengine.conf', 'systemd'])
    rmSync(join(kit, name), { recursive: true, force: true });
  const wallet = walletOf(settings.folder, 'phone');
  writeKit(kit, {
    domain: DOMAIN,
    address: '127.0.0.1',
    publicAddress: null,
    gateways: [{ uri: `sip:127.0.0.1:${gateway}`, source: `127.0.0.1:${gateway}` }],
    tls: null,
    rtpengine: true,
    turn: [],
    ports,
    network: chain.network,
    contract: chain.contract,
    rpcUrl: [stack.rpc],
    apiUrl: stack.api,
    wallet: wallet.path,
    walletPasswordFile: wallet.passwordFile,
  });
  const pstn = await openGateway(gateway, (text) => say(`gateway: ${text}`));
  const parts = await startParts(kit, ports);
  const shown = { address: signer.address, ws: `ws://127.0.0.1:${ports.ws}`, domain: DOMAIN };
  writeFileSync(settings.folder.phoneProvider, `${JSON.stringify(shown)}\n`);
  await askKit(kit, 'PUT', '/tariff', z.object({ hash: z.string() }), deck);
  say(
    [
      '',
      ...fields({
        provider: signer.address,
        WebSocket: `ws://127.0.0.1:${ports.ws}`,
        'SIP (UDP, TCP)': `127.0.0.1:${ports.sip}`,
        domain: DOMAIN,
        'a number to call': NUMBER,
        'its price': '0.06 GAS a minute, by the second',
        'calls, earnings': `npx krypton provider calls --kit ${kit}`,
        logs: join(kit, 'logs'),
      }),
      '',
      'The phone is on; Ctrl-C ends it.',
    ].join('\n'),
  );
  const why = await Promise.race([
    stopped(),
    ...parts.map(({ name, ended }) => ended.then((how) => `${name}: ${how}`)),
  ]);
  rmSync(settings.folder.phoneProvider, { force: true });
  pstn.close();
  for (const part of parts) await part.stop();
  if (why !== null) throw new Trouble(`${why}; its log is in ${join(kit, 'logs')}`);
}

/** The same ones each time, so that a phone that was set up once finds its provider again. */
async function providePorts(kit: string): Promise<Ports & { gateway: number }> {
  const path = join(kit, 'ports.json');
  const names = ['sip', 'ws', 'kamailio', 'service', 'rtpengine', 'gateway'] as const;
  const schema = z.object(
    Object.fromEntries(names.map((name) => [name, z.int()])) as Record<(typeof names)[number], z.ZodInt>,
  );
  if (!existsSync(path)) {
    const taken = new Set<number>();
    const picked: Record<string, number> = {};
    for (const name of names) {
      picked[name] = await pickPort(taken);
      taken.add(picked[name]);
    }
    mkdirSync(kit, { recursive: true });
    writeFileSync(path, `${JSON.stringify(picked)}\n`);
  }
  return { tls: [], ...schema.parse(JSON.parse(readFileSync(path, 'utf8'))), ...(await holdMediaPorts()) };
}

/** Null: by the person. */
function stopped(): Promise<null> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve(null));
  });
}

main().then(
  () => process.exit(0),
  (error) => {
    process.stderr.write(`phone: ${error instanceof Trouble ? error.message : lineOf(error)}\n`);
    if (process.env.KRYPTON_LOG_LEVEL === 'debug') console.error(error);
    process.exit(1);
  },
);
