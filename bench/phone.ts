import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { type BenchKit, createBenchKit } from './phone-kit.ts';
import { calls, load, registers, type SippLoad, startAnswering } from './sipp-load.ts';

/**
 * `npm run bench:phone`: how many REGISTERs and calls a second the kit bears with an answer within 50 ms (p99), beside
 * the same Kamailio on the same configuration that is always told yes. `--memory`: 100,000 calls by the wallet service
 * alone, what it holds of memory meanwhile, and how many records it takes a second.
 */
const P99_MS = 50;
const SECONDS = 4;
const WARM_UP_RATE = 100;
/** A disk that stalls once says nothing about a rate. */
const TRIES = 3;
const registerRates = [500, 1_000, 1_500, 2_000, 2_500, 3_000];
const callRates = [50, 100, 150, 200, 250, 300, 400, 500];
const MEMORY_CALLS = 100_000;
const WORKERS = 16;

const say = (line: string) => process.stdout.write(`${line}\n`);
const inWords = ({ perSecond, p50Ms, p99Ms, failed }: SippLoad) =>
  `${Math.round(perSecond)}/s (p50 ${p50Ms.toFixed(0)} ms, p99 ${p99Ms.toFixed(0)} ms${failed ? ', with failures' : ''})`;

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { memory: { type: 'boolean' } } });
  const kit = await createBenchKit();
  say(`${cpus().length} x ${cpus()[0]?.model}, Node.js ${process.version}, ${new Date().toISOString().slice(0, 10)}`);
  try {
    await (values.memory ? measureMemory(kit) : measureSip(kit));
  } finally {
    await kit.stop();
  }
}

type Best = { registers: number; calls: number };

async function measureSip(kit: BenchKit): Promise<void> {
  const service = await kit.startService();
  const sessions = await kit.sessions();
  const lines = kit.users.map(({ key, escrow }, i) => `${key.address};${sessions[i]};${escrow}`);
  const own = await measure(kit, lines, 'wallet service');
  const { figures } = await readStatus(kit);
  say(`records kept: ${figures}`);
  await service.stop();
  const constant = await kit.startConstant();
  const ceiling = await measure(kit, lines, 'constant');
  await constant.stop();
  say(`REGISTER: ${own.registers} of ${ceiling.registers}/s, ratio ${(own.registers / ceiling.registers).toFixed(2)}`);
  say(`calls: ${own.calls} of ${ceiling.calls}/s, ratio ${(own.calls / ceiling.calls).toFixed(2)}`);
}

/** The highest rates at which all is answered in time. */
async function measure(kit: BenchKit, lines: readonly string[], name: string): Promise<Best> {
  const { sip: proxyPort, caller: localPort, gateway } = kit.ports;
  const kamailio = await kit.startKamailio();
  const stopAnswering = startAnswering(gateway);
  const shared = { lines, proxyPort, localPort, seconds: SECONDS };
  const isBorne = async (scenario: string, perSecond: number, what: string) => {
    for (let tries = TRIES; tries > 0; tries -= 1) {
      const result = await load({ ...shared, scenario, perSecond });
      say(`${what} ${perSecond}/s offered: ${inWords(result)}`);
      if (!result.failed && result.p99Ms < P99_MS) return true;
    }
    return false;
  };
  const climb = async (what: string, scenario: string, rates: readonly number[]) => {
    await load({ ...shared, scenario, perSecond: WARM_UP_RATE }); // the first answers read the chain, and compile
    let best = 0;
    for (const perSecond of rates) {
      if (!(await isBorne(scenario, perSecond, `${name}, ${what}`))) break;
      best = perSecond;
    }
    return best;
  };
  try {
    return {
      registers: await climb('REGISTER', registers('krypton.test'), registerRates),
      calls: await climb('calls', calls('krypton.test'), callRates),
    };
  } finally {
    stopAnswering();
    await kamailio.stop();
  }
}

async function readStatus(kit: BenchKit): Promise<{ figures: string }> {
  const text = await (await fetch(`http://127.0.0.1:${kit.ports.service}/metrics`)).text();
  return { figures: /records_waiting (\d+)/.exec(text)?.[1] ?? 'none' };
}

/** Each call is asked for, answered and ended as Kamailio does it. */
async function measureMemory(kit: BenchKit): Promise<void> {
  const service = await kit.startService();
  let next = 0;
  let reports = 0;
  const begin = performance.now();
  const call = async (n: number) => {
    const user = kit.users[n % kit.users.length];
    if (!user) throw new Error('there is no user');
    const callId = `call-${n}`;
    const sender = { kind: 'user', user: user.key.address };
    const asked = {
      method: 'INVITE',
      callId,
      fromTag: 'a',
      sender,
      called: '+31201234567',
      escrow: String(user.escrow),
    };
    const permitted = (await kit.ask('/call', asked)) as { allowed: boolean };
    if (!permitted.allowed) throw new Error(`refused: ${JSON.stringify(permitted)}`);
    const now = Date.now() / 1000;
    await kit.ask('/answered', { callId, entry: 1, id: n, at: now.toFixed(3) });
    const ended = { start_time: now.toFixed(3), end_time: (now + 0.9).toFixed(3), duration: '0.900' };
    await kit.ask('/ended', { callId, ...ended, status: '200', by: 'caller', ringing: '' });
    reports += 1;
    if (reports % (MEMORY_CALLS / 10) === 0)
      say(
        `${reports} calls: ${residentMb(service.pid)} MB, ${Math.round(reports / ((performance.now() - begin) / 1000))} calls/s`,
      );
  };
  await Promise.all(
    Array.from({ length: WORKERS }, async () => {
      for (;;) {
        const n = next;
        next += 1;
        if (n >= MEMORY_CALLS) return;
        await call(n);
      }
    }),
  );
  say(`records kept: ${(await readStatus(kit)).figures}`);
  await service.stop();
}

const residentMb = (pid: number): number =>
  Math.round(Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024);

await main();
process.exit(0);
