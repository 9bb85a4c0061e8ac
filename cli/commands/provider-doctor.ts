import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { z } from 'zod';
import { openWalletFile } from '../../chain/wallet-file.ts';
import { getStatus } from '../../protocol/api/status.ts';
import { openApi } from '../api.ts';
import type { Settings } from '../config.ts';
import { openChain, openSigning } from '../connect.ts';
import { askKit, type Kit, kitOption, serviceEnvironment } from '../kit.ts';
import { makeTestCall } from '../phone/test-call.ts';
import { print } from '../print.ts';
import { act, examples } from '../program.ts';
import { lineOf, Refusal } from '../refusal.ts';

/** What a provider's machine needs for a call, looked at one by one, with what to do where something is missing. */
export function addProviderDoctor(provider: Command): void {
  provider
    .command('doctor')
    .description('look at all that a call needs; with --call, make one and pay for it')
    .option('--call <number>', 'E.164; the wallet is the user who pays 0.1 GAS at most')
    .option(...kitOption)
    .addHelpText('after', examples('provider doctor', 'provider doctor --call +31201234567 --wallet user.json'))
    .action(act(examine));
}

const statusSchema = z.object({
  provider: z.string(),
  network: z.number(),
  contract: z.string(),
  height: z.number().nullable(),
  node: z.boolean(),
  kamailio: z.boolean(),
  rtpengine: z.boolean().nullable(),
  gateways: z.array(z.string()),
  deck: z.object({ kind: z.enum(['deck', 'missing', 'none']), hash: z.string().nullable() }),
});

type Finding = { what: string; ok: boolean; words: string };

async function examine(settings: Settings, { kit, call }: Kit & { call?: string }): Promise<void> {
  const findings: Finding[] = [];
  const find = (what: string, ok: boolean, words: string) => {
    findings.push({ what, ok, words });
    if (!settings.json) process.stdout.write(`${ok ? 'ok    ' : 'FAILED'}  ${what.padEnd(14)} ${words}\n`);
  };
  await lookAround(settings, kit, find);
  const failed = findings.find(({ ok }) => !ok);
  if (!failed && call !== undefined) await callThrough(settings, kit, call, find);
  const broken = findings.find(({ ok }) => !ok);
  print(settings.json, { findings }, []);
  if (broken) throw new Refusal(`${broken.what}: ${broken.words}`);
}

type Find = (what: string, ok: boolean, words: string) => void;

/** Kamailio's clock is this machine's: CDRs bear it. */
const MAX_CLOCK_MS = 30_000;

async function lookAround(settings: Settings, kit: string, find: Find): Promise<void> {
  const env = serviceEnvironment(kit);
  const status = await askKit(kit, 'GET', '/status', statusSchema).catch((error) => lineOf(error));
  if (typeof status === 'string') return find('wallet service', false, status);
  find('wallet service', true, `of ${status.provider}`);
  const key = await openWalletFile(String(env.KRYPTON_WALLET), passwordOf(env)).catch((error) => lineOf(error));
  if (typeof key === 'string') find('wallet', false, key);
  else find('wallet', key.address === status.provider, key.address);
  find(
    'NEO node',
    status.node,
    status.node ? `block ${status.height}` : 'no node answers: see KRYPTON_RPC_URL in service.env',
  );
  find(
    'Kamailio',
    status.kamailio,
    status.kamailio ? 'answers' : 'does not answer: is it running? its log says why not',
  );
  if (status.rtpengine !== null)
    find(
      'rtpengine',
      status.rtpengine,
      status.rtpengine ? 'answers' : 'does not answer: is it running? its log says why not',
    );
  const gateways = status.gateways.join(', ') || 'none: no calls to numbers';
  find('gateways', true, gateways);
  const { reader } = await openChain(settings);
  const record = await reader.provider(status.provider as Parameters<typeof reader.provider>[0]);
  find('on chain', record !== null, record ? `location ${record.location}` : 'no provider: krypton provider deploy');
  if (record) {
    const operator = record.operator ?? 'none: krypton provider set-operator, or nobody claims your calls';
    find('operator', record.operator !== null, operator);
    const { kind, hash } = status.deck;
    const words = {
      deck: hash ?? '',
      missing: `${hash ?? 'the deck before the one that was set last'} is on chain and not here: krypton tariff publish --kit`,
      none: 'none: terms of the escrow',
    };
    find('rate deck', kind !== 'missing' && (record.tariffHash ?? null) === hash, words[kind]);
  }
  const api = await openApi(settings);
  const { indexHeight } = await api.call(getStatus);
  find('API', true, `index at block ${indexHeight}`);
  const away = await clockOff(api.url);
  find('clock', away <= MAX_CLOCK_MS, `${(away / 1000).toFixed(1)} s off the API's`);
}

function passwordOf({ KRYPTON_WALLET_PASSWORD_FILE: path }: NodeJS.ProcessEnv): string {
  return readFileSync(path ?? '', 'utf8').replace(/\r?\n$/, '');
}

/** By the header of any answer, which is whole seconds. */
async function clockOff(url: string): Promise<number> {
  const { headers } = await fetch(url);
  const told = Date.parse(headers.get('date') ?? '');
  return Number.isNaN(told) ? 0 : Math.max(0, Math.abs(Date.now() - told) - 1_000);
}

async function callThrough(settings: Settings, kit: string, number: string, find: Find): Promise<void> {
  const { provider } = await askKit(kit, 'GET', '/status', statusSchema);
  const { signer: user, ...chain } = await openSigning(settings);
  const sip = readSip(kit);
  try {
    const api = await openApi(settings, user);
    const say = (step: string, what: string) => find(step, true, what);
    const given = { chain, api, user, provider: provider as typeof user.address, sip, number, say };
    await makeTestCall(given);
  } catch (error) {
    find('test call', false, lineOf(error));
  }
}

/** As Kamailio reads it. */
function readSip(kit: string): { domain: string; host: string; port: number } {
  const text = readFileSync(join(kit, 'kamailio', 'settings.cfg'), 'utf8');
  const domain = /^alias="([^"]+)"/m.exec(text)?.[1];
  const [, host, port] = /^listen=udp:\[?(.+?)\]?:(\d+)(?: advertise .*)?$/m.exec(text) ?? [];
  if (!domain || !host) throw new Refusal(`${kit}/kamailio/settings.cfg names no domain or no UDP port`);
  return { domain, host, port: Number(port) };
}
