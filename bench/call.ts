import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { sql } from 'kysely';
import { createDatabase, type Database } from '../database/connection.ts';
import { migrate } from '../database/migrate.ts';
import { createClient } from '../protocol/api/client.ts';
import { putTariff } from '../protocol/api/tariffs.ts';
import { indexDeck } from '../protocol/call/deck-index.ts';
import { priceOf } from '../protocol/call/price.ts';
import { rateDeckSchema } from '../protocol/call/rate-deck.ts';
import { signRequest } from '../protocol/sign/http-signature.ts';
import type { Signer } from '../protocol/sign/signer.ts';
import { postgresStarter } from '../stack/base.ts';
import { openFolder, repository, tools } from '../stack/folder.ts';
import { keepRunning } from '../stack/keep.ts';
import { postgresUrl } from '../stack/postgres.ts';
import { rememberState } from '../stack/state.ts';
import { fire, type Load, type Shot } from './load.ts';
import { createFastSigner } from './signer.ts';

/**
 * `npm run bench:call`: what a permission costs, beside a server that does nothing but the same two round trips to the
 * same Postgres, in the same run.
 */
const ENTRIES = 200_000;
const ESCROWS = 100;
const RUNNING = 1_000;
const REQUESTS = 6_000;
const WARM_UP = 1_000;
const CONNECTIONS = 32;
const PRICES = 1_000_000;
const ROUNDS = 3;

const say = (line: string) => process.stdout.write(`${line}\n`);
const rounded = (value: number) => Math.round(value).toLocaleString('en');

async function main(): Promise<void> {
  const folder = openFolder(join(tools, `bench-${process.pid}`));
  const state = await rememberState(folder, () => {});
  const start = postgresStarter({ folder, state, terminal: { as: () => () => {} } }, { durable: true });
  const postgres = keepRunning({ name: 'postgres', start, say: () => {}, begun: () => {}, up: () => {} });
  const children: ChildProcess[] = [];
  try {
    await postgres.ready;
    const url = postgresUrl(state, 'krypton');
    await migrate(url);
    const db = createDatabase(url);
    await measure(db, url, children);
    await db.destroy();
  } finally {
    for (const child of children) child.kill('SIGKILL');
    await postgres.stop();
    rmSync(folder.root, { recursive: true, force: true });
  }
}

async function measure(db: Database, url: string, children: ChildProcess[]): Promise<void> {
  const [provider, user] = [createFastSigner(), createFastSigner()];
  const deck = deckOf(provider);
  measurePure(deck);
  await prepare(db, provider, user);
  const [api, raw] = [startApi(url), startRaw(url)];
  children.push(api, raw);
  const [apiUrl, rawUrl] = [await addressOf(api), String((await once(raw, 'message'))[0])];
  const begin = performance.now();
  const { hash } = await createClient({ url: apiUrl, signer: provider }).call(putTariff, {
    params: { address: provider.address },
    body: deck,
  });
  say(`a deck of ${rounded(ENTRIES)} entries handed in: ${((performance.now() - begin) / 1000).toFixed(1)} s`);
  await setTariff(db, provider, hash);
  for (let n = 0; n < RUNNING; n += WARM_UP)
    await fire(apiUrl, await shots(apiUrl, provider, user, WARM_UP, n), CONNECTIONS);
  await fire(rawUrl, await shots(rawUrl, provider, user, WARM_UP, 0), CONNECTIONS);
  await sql`analyze`.execute(db);

  const ratios: number[] = [];
  for (let round = 1; round <= ROUNDS; round += 1) {
    const ceiling = await fire(rawUrl, await shots(rawUrl, provider, user, REQUESTS, 0), CONNECTIONS);
    const permission = await fire(apiUrl, await shots(apiUrl, provider, user, REQUESTS, 0), CONNECTIONS);
    ratios.push(permission.perSecond / ceiling.perSecond);
    say(
      `round ${round}: ceiling ${inWords(ceiling)}; authorize ${inWords(permission)}; ratio ${ratios.at(-1)?.toFixed(2)}`,
    );
  }
  const holds = await db
    .selectFrom('holds')
    .select(({ fn }) => fn.countAll().as('count'))
    .executeTakeFirstOrThrow();
  ratios.sort((a, b) => a - b);
  say(
    `authorize / ceiling: ${ratios[Math.floor(ROUNDS / 2)]?.toFixed(2)} (median of ${ROUNDS}), ${holds.count} holds running`,
  );
}

const inWords = ({ perSecond, p50Ms, p99Ms }: Load) =>
  `${rounded(perSecond)}/s (p50 ${p50Ms.toFixed(1)} ms, p99 ${p99Ms.toFixed(1)} ms)`;

const deckOf = ({ address }: Signer) => ({
  version: 1 as const,
  provider: address,
  effectiveFrom: '2026-01-01T00:00:00.000Z',
  entries: Array.from({ length: ENTRIES }, (_, n) => ({
    prefix: `+${100_000 + n}`,
    ratePerSecond: String(1 + (n % 100)),
    feePerCall: '0',
    initialIncrement: 60,
    increment: 60,
  })),
});

const numberOf = (n: number) => `+${100_000 + ((n * 7_919) % ENTRIES)}123456`;

function measurePure(deck: ReturnType<typeof deckOf>): void {
  const index = indexDeck(rateDeckSchema.parse(deck));
  const begin = performance.now();
  for (let n = 0; n < PRICES; n += 1) {
    const found = index.find({ kind: 'number', number: numberOf(n) });
    if (found === null || found === 'free') throw new Error('every number has a price');
    priceOf(n, found.terms);
  }
  say(`prices by the pure rule: ${rounded(PRICES / ((performance.now() - begin) / 1000))}/s on one core`);
}

async function prepare(db: Database, provider: Signer, user: Signer): Promise<void> {
  await sql`create table bench_calls (call_id text primary key, amount bigint)`.execute(db);
  await sql`insert into cursor values (true, 1, ${`0x${'00'.repeat(20)}`}, 0, 9, ${`0x${'00'.repeat(32)}`}, now())`.execute(
    db,
  );
  await sql`insert into blocks values (1, ${`0x${'00'.repeat(32)}`}, '', '2026-01-01')`.execute(db);
  await sql`insert into providers (provider, location, deployed_at) values (${provider.address}, 'x', now())`.execute(
    db,
  );
  await sql`insert into escrows (id, "user", provider, state, amount, rate_per_second, fee_per_call, increment, max_parallel,
      opened_at, ends_at, claim_deadline)
    select id, ${user.address}, ${provider.address}, 'open', 100000000000, 100, 100, 60, 100, now(), now() + interval '1 day',
      now() + interval '2 days' from generate_series(1, ${ESCROWS}::integer) as id`.execute(db);
}

async function setTariff(db: Database, { address }: Signer, hash: string): Promise<void> {
  const payload = JSON.stringify({ provider: address, uri: 'x', hash });
  await sql`insert into events (height, position, tx_hash, ordinal, name, payload)
    values (1, 0, '0x', 0, 'TariffSet', ${payload}::jsonb)`.execute(db);
}

/** Calls of which RUNNING run at the same time, each in the middle of its slice. Signed beforehand. */
function shots(url: string, provider: Signer, user: Signer, count: number, from: number): Promise<Shot[]> {
  const path = '/v1/calls/authorize';
  return Promise.all(
    Array.from({ length: count }, async (_, i): Promise<Shot> => {
      const n = (from + i) % RUNNING;
      const body = JSON.stringify({
        callId: `call-${n}`,
        user: user.address,
        destination: numberOf(n),
        direction: 'outbound',
        escrowId: 1 + (n % ESCROWS),
      });
      const headers = { 'content-type': 'application/json' };
      return {
        path,
        method: 'POST',
        body,
        headers: await signRequest({ method: 'POST', url: url + path, body, headers }, provider),
      };
    }),
  );
}

const startRaw = (url: string) =>
  fork(join(repository, 'bench', 'raw-server.ts'), { env: { ...process.env, DATABASE_URL: url } });

/** Nobody answers at port 1: node and Redis have no part in a permission. */
const startApi = (url: string) =>
  fork(join(repository, 'api', 'main.ts'), {
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
    env: {
      ...process.env,
      KRYPTON_DATABASE_URL: url,
      KRYPTON_REDIS_URL: 'redis://127.0.0.1:1',
      KRYPTON_RPC_URL: 'http://127.0.0.1:1',
      KRYPTON_NETWORK: '1',
      KRYPTON_CONTRACT: `0x${'00'.repeat(20)}`,
      KRYPTON_API_PORT: '0',
      KRYPTON_API_LIMIT_KEY: '0',
    },
  });

async function addressOf({ stdout }: ChildProcess): Promise<string> {
  let output = '';
  for await (const chunk of stdout ?? []) {
    output += chunk;
    const found = /listening on (http:\S+?)"/.exec(output)?.[1];
    if (!found) continue;
    stdout?.resume();
    return found;
  }
  throw new Error(`the API does not start: ${output}`);
}

await main();
