import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { gasTransfer, transferGas } from '../../chain/gas.ts';
import { send } from '../../chain/send.ts';
import { type Cdr, listCdrs } from '../../protocol/api/cdrs.ts';
import { contractCall } from '../../protocol/contract/call.ts';
import { createKey } from '../../protocol/sign/key.ts';
import type { Signer } from '../../protocol/sign/signer.ts';
import { type Address, addressSchema } from '../../protocol/types/address.ts';
import { datoshi, datoshiPerGas } from '../../protocol/types/datoshi.ts';
import { packages } from '../../provider/kamailio/programs.ts';
import { pickPort } from '../../stack/ports.ts';
import { openApi } from '../api.ts';
import type { Settings } from '../config.ts';
import type { Chain } from '../connect.ts';
import { askKit } from '../kit.ts';
import { headerOf, type SipMessage } from '../phone/sip-message.ts';
import { Refusal } from '../refusal.ts';
import { callScenario, registerScenario, type Talk } from '../sipp/scenarios.ts';
import { hasSipp, runSipp } from '../sipp/sipp.ts';
import { patiently } from './patience.ts';

/** Calls of a telephone that is not ours (SIPp), through Kamailio and the wallet service of `npm run phone`. */

/** As the deck of `npm run phone` has it: 0.06 GAS a minute, by the second. */
const RATE = 100_000n;
const DOMAIN = 'phone.test';
const NUMBER = '+31201234567';

type PlannedCall = {
  name: string;
  /** Seconds that the escrow's money reaches for; null: for long. */
  moneyForS: bigint | null;
  talk: Talk;
};

/** The third one has the escrow of the second, which is used up. */
const planned: PlannedCall[] = [
  { name: 'talked', moneyForS: null, talk: { hangUpAfterMs: 2_400 } },
  { name: 'cut when the money ends', moneyForS: 3n, talk: { waitMs: 30_000 } },
  { name: 'refused without money', moneyForS: 0n, talk: { hangUpAfterMs: 1_000 } },
];

export type RealCall = {
  name: string;
  callId: string;
  /** The answer to the INVITE. */
  answer: string;
  cdr: Cdr | null;
};

/** Why there are none, in one line; null: all is there. */
export function whatIsMissing({ stack }: Settings): string | null {
  if (!stack) return 'they need the devnet of npm start on this machine';
  const missing = Object.entries(packages).flatMap(([name, file]) => (existsSync(file) ? [] : [name]));
  if (!hasSipp()) missing.push('sip-tester');
  return missing.length > 0 ? `apt-get install ${missing.join(' ')}` : null;
}

export type RealCalls = { user: Address; provider: Address; calls: RealCall[] };

export async function makeRealCalls(
  settings: Settings,
  chain: Chain,
  purse: Signer,
  say: (text: string) => void,
): Promise<RealCalls> {
  const { kit, stop } = await providePhone(settings, chain, say);
  try {
    return await callThrough(settings, chain, purse, kit, say);
  } finally {
    await stop();
  }
}

const statusSchema = z.object({ provider: addressSchema });
const START_LIMIT_MS = 120_000;

/** The one that runs; else one of our own, which ends with us. */
async function providePhone({ folder }: Settings, { contract }: Chain, say: (text: string) => void) {
  const kit = join(folder.root, 'phone', contract.slice(2, 10));
  const isUp = () =>
    askKit(kit, 'GET', '/status', statusSchema).then(
      () => true,
      () => false,
    );
  if (existsSync(kit) && (await isUp())) return { kit, stop: async () => {} };
  say('npm run phone does not run: it is started for this');
  const deadline = Date.now() + START_LIMIT_MS;
  for (;;) {
    const started = await startPhone(deadline);
    if ('stop' in started) return { kit, stop: started.stop };
    // a service that was away at that moment may be back
    if (!started.said.includes('does not answer')) throw new Refusal(started.said);
  }
}

/** It is on, or what it said before it ended. @throws Refusal where it does neither in time */
async function startPhone(deadline: number): Promise<{ stop: () => Promise<void> } | { said: string }> {
  const child = spawn(process.execPath, [resolve(import.meta.dirname, '..', 'phone.ts')], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (output += data));
  const ended = new Promise<void>((done) => child.once('exit', () => done()));
  const stop = async () => {
    child.kill('SIGTERM');
    await ended;
  };
  for (; !output.includes('The phone is on'); await sleep(200)) {
    if (child.exitCode !== null) return { said: output.trim().split('\n').at(-1) ?? 'npm run phone has ended' };
    if (Date.now() > deadline) {
      await stop();
      throw new Refusal('npm run phone does not start');
    }
  }
  return { stop };
}

async function callThrough(
  settings: Settings,
  chain: Chain,
  purse: Signer,
  kit: string,
  say: (text: string) => void,
): Promise<RealCalls> {
  const { provider } = await askKit(kit, 'GET', '/status', statusSchema);
  const portsSchema = z.object({ sip: z.int() });
  const { sip } = portsSchema.parse(JSON.parse(readFileSync(join(kit, 'ports.json'), 'utf8')));
  const user = createKey();
  await transferGas({ ...chain, signer: purse }, [{ to: user.address, amount: datoshi(5n * datoshiPerGas) }]);
  const taken = new Set<number>();
  const localPort = await pickPort(taken);
  taken.add(localPort);
  const shared = { proxy: { host: '127.0.0.1', port: sip }, localPort };
  const party = { domain: DOMAIN, user: user.address };

  const register = async (headers: Record<string, string>) => {
    const { got } = await runSipp({ ...shared, scenario: registerScenario(party, headers) });
    return finalOf(got);
  };
  const uuid = headerOf(await register({}), 'X-Krypton-Nonce') ?? '';
  const escrows = await registerOnChain(chain, user, provider, uuid);
  const answer = await register({ 'X-Krypton-Token': uuid });
  if (answer.status !== 200) throw new Refusal(`SIPp is not registered: ${answer.first}`);
  say(`SIPp is registered as ${user.address}: refused with a nonce, put on chain, let in`);

  const made: Omit<RealCall, 'cdr'>[] = [];
  const mediaPort = await pickPort(taken);
  for (const [i, { name, talk, moneyForS }] of planned.entries()) {
    const callId = `demo-${user.address.slice(-6)}-${i + 1}`;
    const headers = { 'X-Krypton-Escrow': String(moneyForS === null ? escrows.full : escrows.small) };
    const scenario = callScenario({ ...party, to: NUMBER }, talk, headers);
    const { got } = await runSipp({ ...shared, scenario, callId, mediaPort: mediaPort + 2 * i });
    made.push({ name, callId, answer: finalOf(got).first.replace('SIP/2.0 ', '') });
  }
  say(`SIPp has made ${made.length} calls`);
  const calls: RealCall[] = [];
  for (const each of made) {
    const isOver = each.answer.startsWith('200');
    calls.push({ ...each, cdr: isOver ? await settledOf(settings, user, each.callId) : null });
  }
  return { user: user.address, provider, calls };
}

function finalOf(got: readonly SipMessage[]): SipMessage {
  const found = got.find(({ status }) => status >= 200);
  if (!found) throw new Refusal('SIPp got no answer: krypton provider doctor says what is missing');
  return found;
}

const HOUR_MS = 3_600_000n;

/** The registration, the deposit and two escrows, in one transaction. */
async function registerOnChain(chain: Chain, user: Signer, provider: Address, uuid: string) {
  const amounts = { full: datoshi(datoshiPerGas), small: datoshi((planned[1]?.moneyForS ?? 0n) * RATE) };
  const open = (amount: (typeof amounts)['full']) =>
    contractCall(chain.contract, 'openEscrow', {
      user: user.address,
      provider,
      amount,
      ratePerSecond: datoshi(RATE),
      feePerCall: datoshi(0n),
      increment: 1n,
      maxParallel: 1n,
      durationMs: HOUR_MS,
      claimWindowMs: HOUR_MS,
      voucherKey: null,
    });
  const { events } = await send({ ...chain, signer: user }, [
    contractCall(chain.contract, 'register', { user: user.address, provider, uuid }),
    gasTransfer(user.address, chain.contract, datoshi(amounts.full + amounts.small)),
    open(amounts.full),
    open(amounts.small),
  ]);
  const [full, small] = events.filter((event) => event.name === 'EscrowOpened').map(({ id }) => id);
  if (full === undefined || small === undefined) throw new Refusal('no escrow was opened: check --contract');
  return { full, small };
}

const SETTLE_LIMIT_MS = 60_000;

async function settledOf(settings: Settings, user: Signer, callId: string): Promise<Cdr | null> {
  const { answer: api } = await patiently(() => openApi(settings, user));
  for (const deadline = Date.now() + SETTLE_LIMIT_MS; Date.now() < deadline; await sleep(500)) {
    const { answer } = await patiently(() => api.as(user).call(listCdrs, { query: { callId } }));
    const found = answer.items.find(({ state }) => state === 'settled');
    if (found) return found;
  }
  return null;
}

/** What is not as it should be: each figure is computed here once more. */
export function realDifferences({ calls }: RealCalls): string[] {
  return calls.flatMap(({ name, answer, cdr }, i): string[] => {
    const isRefused = planned[i]?.moneyForS === 0n;
    if (isRefused)
      return answer.startsWith('402') ? [] : [`call "${name}" is answered with ${answer}, and not with 402`];
    if (!answer.startsWith('200')) return [`call "${name}" is answered with ${answer}`];
    if (cdr === null) return [`call "${name}" is not paid`];
    const ms = Date.parse(cdr.endedAt) - Date.parse(cdr.answeredAt ?? '');
    const due = String(BigInt(Math.ceil(ms / 1000)) * RATE);
    const most = planned[i]?.moneyForS;
    if (most && ms > Number(most) * 1000) return [`call "${name}" lasted ${ms} ms, and its money was for ${most} s`];
    return cdr.paid === due ? [] : [`call "${name}" of ${ms} ms is paid with ${cdr.paid}, and not with ${due} datoshi`];
  });
}
