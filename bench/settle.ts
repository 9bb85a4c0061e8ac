import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { sql } from 'kysely';
import { repository } from '../stack/folder.ts';
import { putFirst } from '../stack/priority.ts';
import { linesOf, type Measured, type Row, type Size } from './compare.ts';
import { type Ceiling, createCeiling } from './settle/ceiling.ts';
import { checkMoney } from './settle/check.ts';
import { createEngine, type Engine } from './settle/engine.ts';
import { type Account, handIn } from './settle/hand-in.ts';
import { deployProviders, openEscrows, type Person } from './settle/people.ts';
import { createFastSigner } from './signer.ts';

type Plan = {
  calls: number;
  users: number;
  providers: number;
  /** Milliseconds between blocks. */
  blockMs: number;
  /** Calls handed in a second; without it, as fast as they are taken. */
  rate?: number | undefined;
  /** Transactions of 512 claims, before and after. */
  ceiling: number;
};

const usual: Plan = { calls: 100_000, users: 2_000, providers: 10, blockMs: 100, ceiling: 20 };
const short: Plan = { calls: 2_000, users: 20, providers: 2, blockMs: 100, ceiling: 1 };
const ASKED_PER_SECOND = 50;
const POLL_MS = 100;
/** Nothing paid for so long: something is lost. */
const STANDSTILL_MS = 60_000;

type Say = (line: string) => void;

/** `npm run bench -- settle` */
export const measureSettle = (size: Size): Promise<Row[]> =>
  measure(size === 'short' ? short : usual, (line) => void process.stderr.write(`${line}\n`));

/** Calls from the request that hands them in until the chain has paid all of them, by every process that takes part. */
async function measure(plan: Plan, say: Say): Promise<Row[]> {
  const engine = await createEngine(plan);
  try {
    const providers = await deployProviders(engine, plan.providers + 1);
    const [own, ...others] = providers as [Person['provider'], ...Person['provider'][]];
    const ceiling = await createCeiling(engine, own);
    const people = Array.from({ length: plan.users }, (_, i): Person => {
      return { signer: createFastSigner(), provider: others[i % others.length] as Person['provider'] };
    });
    const most = BigInt(Math.ceil(plan.calls / plan.users) + 1_000) * 5_000n;
    await openEscrows(engine, people, most);
    await ceiling.run(1);
    const before = await ceilingOf(ceiling, plan);
    await engine.startServices();
    const accounts = await accountsOf(engine, people);
    say(`${people.length} users of ${others.length} providers; the chain alone takes ${before.toFixed(0)} claims/s`);
    const told = await settleAll(engine, accounts, plan, say);
    await checkMoney(engine, accounts);
    say('each call was paid once, its price, and the chain has spent the same');
    await engine.stopServices();
    const after = await ceilingOf(ceiling, plan);
    return [rowOf(plan, told, [before, after])];
  } finally {
    await engine.destroy();
  }
}

async function ceilingOf(ceiling: Ceiling, plan: Plan): Promise<number> {
  const { claims, seconds } = await ceiling.run(plan.ceiling);
  return claims / seconds;
}

/** Once the index has all escrows. */
async function accountsOf({ db }: Engine, people: readonly Person[]): Promise<Account[]> {
  const personOf = new Map(people.map((person) => [person.signer.address as string, person]));
  for (;;) {
    const escrows = await db.selectFrom('escrows').select(['id', 'user']).orderBy('id').execute();
    const accounts = escrows.flatMap(({ id, user }): Account[] => {
      const person = personOf.get(user);
      return person ? [{ ...person, escrowId: id, calls: 0n, seconds: 0n, price: 0n }] : [];
    });
    if (accounts.length === people.length) return accounts;
    await sleep(POLL_MS);
  }
}

type Told = { seconds: number; claims: number; p50Ms: number; p99Ms: number };

async function settleAll(engine: Engine, accounts: readonly Account[], plan: Plan, say: Say): Promise<Told> {
  const asker = await startAsker(engine, accounts);
  const [begin, cpuBefore] = [performance.now(), engine.cpuSeconds()];
  const handing = handIn(engine.apiUrl, accounts, plan.calls, plan.rate).then(() => performance.now());
  handing.catch(() => {});
  const failure = handing.then(
    () => new Promise<never>(() => {}),
    (error) => {
      throw error;
    },
  );
  await Promise.race([failure, watch(engine, plan, say)]);
  const seconds = (performance.now() - begin) / 1000;
  const cpu = Object.entries(engine.cpuSeconds()).map(
    ([name, spent]) => `${name} ${(spent - (cpuBefore[name] ?? 0)).toFixed(1)} s`,
  );
  const asked = await stopAsker(asker);
  const handedIn = ((await handing) - begin) / 1000;
  const facts = await factsOf(engine);
  const each = (value: number) => (value / plan.calls).toFixed(5);
  const at = (share: number) => asked[Math.floor(asked.length * share)] ?? Number.NaN;
  for (const line of [
    `${plan.calls} calls handed in within ${handedIn.toFixed(1)} s and paid within ${seconds.toFixed(1)} s: ${(plan.calls / seconds).toFixed(0)} calls/s`,
    `${facts.transactions} transactions, ${facts.claims} claims (${(facts.claims / seconds).toFixed(0)}/s), ${facts.failed} transactions failed`,
    `processor time: ${cpu.join(', ')}`,
    `${each(facts.gas)} GAS a call`,
    `from a call's end until it is paid: p50 ${facts.p50Ms.toFixed(0)} ms, p99 ${facts.p99Ms.toFixed(0)} ms`,
    `GET /query/location, ${ASKED_PER_SECOND} times a second meanwhile: p50 ${at(0.5).toFixed(1)} ms, p99 ${at(0.99).toFixed(1)} ms (${asked.length} asked)`,
  ])
    say(line);
  return { seconds, ...facts };
}

/** Until all are paid; tells at each tenth what the processes hold in memory. */
async function watch(engine: Engine, { calls }: Plan, say: Say): Promise<void> {
  const begin = performance.now();
  let tenth = 0;
  let newest = { paid: 0, at: begin };
  while (newest.paid < calls) {
    const { rows } = await sql<{ paid: bigint | null }>`
      select sum(answered)::bigint as paid from provider_calls`.execute(engine.db);
    const [paid, now] = [Number(rows[0]?.paid ?? 0n), performance.now()];
    if (paid > newest.paid) newest = { paid, at: now };
    if (now - newest.at > STANDSTILL_MS) throw new Error(`${paid} of ${calls} calls were paid, and no more are`);
    if (paid >= ((tenth + 1) * calls) / 10) {
      tenth = Math.floor((paid * 10) / calls);
      const memory = (['settler', 'api', 'indexer'] as const).map((name) => `${name} ${engine.residentMiB(name)} MiB`);
      say(`${tenth}0 % paid after ${((now - begin) / 1000).toFixed(1)} s: ${memory.join(', ')}`);
    }
    await sleep(POLL_MS);
  }
}

async function startAsker(engine: Engine, accounts: readonly Account[]): Promise<ChildProcess> {
  const users = JSON.stringify(accounts.slice(0, 1_000).map(({ signer }) => signer.address));
  const script = join(repository, 'bench', 'settle', 'asker.ts');
  const child = fork(script, [engine.apiUrl, users, String(ASKED_PER_SECOND)], { detached: true });
  if (child.pid !== undefined) putFirst(child.pid); // it stands for somebody with a machine of their own
  await once(child, 'message');
  return child;
}

/** Milliseconds of all answers, in order. */
async function stopAsker(asker: ChildProcess): Promise<number[]> {
  const told = once(asker, 'message') as Promise<[number[]]>;
  const ended = once(asker, 'exit').then(() => {
    throw new Error('who asks for /query/location has ended early');
  });
  asker.send('stop');
  const [times] = await Promise.race([told, ended]);
  asker.disconnect();
  return times.sort((a, b) => a - b);
}

type Facts = { transactions: number; failed: number; claims: number; gas: number; p50Ms: number; p99Ms: number };

async function factsOf({ db }: Engine): Promise<Facts> {
  const { rows } = await sql<Facts>`
    select (select count(*) from transactions)::integer as transactions,
      (select count(*) from transactions where state <> 'halted')::integer as failed,
      (select count(*) from claims where state = 'accepted')::integer as claims,
      (select sum(system_fee + network_fee) / 1e8 from transactions where state <> 'expired')::float8 as gas,
      times[1] as "p50Ms", times[2] as "p99Ms"
    from (select percentile_cont(array[0.5, 0.99]) within group (order by extract(epoch from at - ended_at) * 1000) as times
      from cdr_states join cdrs on cdrs.id = cdr_id where state = 'settled') as paid`.execute(db);
  return rows[0] as Facts;
}

function rowOf({ calls }: Plan, { claims, seconds, p50Ms, p99Ms }: Told, ceilings: readonly number[]): Row {
  const spread = (values: readonly number[]) => {
    const median = values.reduce((sum, value) => sum + value, 0) / values.length;
    return { median, low: Math.min(...values), high: Math.max(...values) };
  };
  const measured = (name: string, values: readonly number[]): Measured => {
    return { name, perSecond: spread(values), p50Ms, p99Ms, cpuUs: null, postgresUs: null };
  };
  const ours = claims / seconds;
  return {
    what: `${calls} calls from POST to paid, claims`,
    asked: '0.8',
    ours: measured('settled', [ours]),
    ceilings: [
      {
        ...measured('the node alone, transactions of 512 claims that were made before', ceilings),
        ratio: spread(ceilings.map((ceiling) => ours / ceiling)),
      },
    ],
  };
}

if (import.meta.main) {
  const number = { type: 'string' } as const;
  const { values } = parseArgs({
    options: { calls: number, users: number, rate: number, 'block-ms': number, short: { type: 'boolean' } },
  });
  const base = values.short ? short : usual;
  const plan = {
    ...base,
    calls: Number(values.calls ?? base.calls),
    users: Number(values.users ?? base.users),
    blockMs: Number(values['block-ms'] ?? base.blockMs),
    rate: values.rate === undefined ? undefined : Number(values.rate),
  };
  const say = (line: string) => void process.stdout.write(`${line}\n`);
  for (const row of await measure(plan, say)) for (const line of linesOf(row)) say(line);
}
