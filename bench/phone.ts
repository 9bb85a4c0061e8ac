import { cpus } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { residentMiB } from './memory.ts';
import { type BenchKit, createBenchKit } from './phone-kit.ts';
import { createEngine } from './settle/engine.ts';
import { calls, load, registers, type SippLoad, startAnswering } from './sipp-load.ts';

/**
 * `npm run bench:phone`: how many REGISTERs and calls a second the kit bears with an answer within 50 ms (p99), beside
 * the same Kamailio on the same configuration that is always told yes. `--memory`: 100,000 calls by the wallet service
 * alone, what it holds of memory meanwhile, and how many records it takes a second. `--deliver`: how many records a
 * second it hands in to a whole engine that has been away.
 */
const P99_MS = 50;
const SECONDS = 4;
const WARM_UP_RATE = 100;
/** A disk that stalls once says nothing about a rate. */
const TRIES = 3;
const registerRates = [1_000, 1_500, 2_000, 2_500, 3_000, 3_500, 4_000, 5_000, 6_000];
const callRates = [100, 200, 250, 300, 400, 500, 600, 700, 800, 1_000, 1_250, 1_500, 2_000];
const MEMORY_CALLS = 100_000;
const DELIVERED_CALLS = 20_000;
const POLL_MS = 50;
const WORKERS = 16;

const say = (line: string) => process.stdout.write(`${line}\n`);
const inWords = ({ perSecond, p50Ms, p99Ms, failed }: SippLoad) =>
  `${Math.round(perSecond)}/s (p50 ${p50Ms.toFixed(0)} ms, p99 ${p99Ms.toFixed(0)} ms${failed ? ', with failures' : ''})`;

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { memory: { type: 'boolean' }, deliver: { type: 'boolean' } } });
  say(`${cpus().length} x ${cpus()[0]?.model}, Node.js ${process.version}, ${new Date().toISOString().slice(0, 10)}`);
  if (values.deliver) return measureDelivery();
  const kit = await createBenchKit();
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
  say(`records kept: ${await waiting(kit)}`);
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

/** Records that wait to be handed in. */
async function waiting({ ports }: BenchKit): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${ports.service}/metrics`)).text();
  return Number(/records_waiting (\d+)/.exec(text)?.[1]);
}

async function measureMemory(kit: BenchKit): Promise<void> {
  const service = await kit.startService();
  const begin = performance.now();
  await makeCalls(kit, MEMORY_CALLS, (made) => {
    const rate = Math.round(made / ((performance.now() - begin) / 1000));
    if (made % (MEMORY_CALLS / 10) === 0) say(`${made} calls: ${residentMiB(service.pid)} MiB, ${rate} calls/s`);
  });
  say(`records kept: ${await waiting(kit)}`);
  await service.stop();
}

async function measureDelivery(): Promise<void> {
  const engine = await createEngine({ blockMs: 100 });
  const kit = await createBenchKit(engine);
  try {
    const alone = await kit.startService();
    await makeCalls(kit, DELIVERED_CALLS, () => {});
    await alone.stop(); // it would rest, as nobody has answered it
    await engine.startServices();
    const service = await kit.startService();
    const first = { waiting: await waiting(kit), at: performance.now() };
    while ((await waiting(kit)) > 0) await sleep(POLL_MS);
    const seconds = (performance.now() - first.at) / 1000;
    say(`${first.waiting} records handed in within ${seconds.toFixed(1)} s: ${Math.round(first.waiting / seconds)}/s`);
    await service.stop();
  } finally {
    await kit.stop();
  }
}

/** Each is asked for, answered and ended as Kamailio does it. */
async function makeCalls(kit: BenchKit, count: number, told: (made: number) => void): Promise<void> {
  const numbers = Array.from({ length: count }, (_, n) => n).values();
  let made = 0;
  const call = async (n: number) => {
    const user = kit.users[n % kit.users.length];
    if (!user) throw new Error('there is no user');
    const callId = `call-${n}`;
    const sender = { kind: 'user', user: user.key.address };
    const asked = {
      method: 'INVITE',
      callId,
      fromTag: 'a',
      request: `${n}:1`,
      sender,
      called: '+31201234567',
      escrow: String(user.escrow),
    };
    const permitted = (await kit.ask('/call', asked)) as { allowed: boolean };
    if (!permitted.allowed) throw new Error(`refused: ${JSON.stringify(permitted)}`);
    const now = Date.now() / 1000;
    const answered = { kind: 'answered', callId, entry: 1, id: n, at: now.toFixed(3) };
    const ended = { start_time: now.toFixed(3), end_time: (now + 0.9).toFixed(3), duration: '0.900' };
    const over = { kind: 'ended', callId, ...ended, status: '200', by: 'caller', ringing: '' };
    await kit.ask('/reports', { reports: [answered, over] });
    made += 1;
    told(made);
  };
  await Promise.all(
    Array.from({ length: WORKERS }, async () => {
      for (const n of numbers) await call(n);
    }),
  );
}

await main();
process.exit(0);
