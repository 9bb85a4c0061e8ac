import { sql } from 'kysely';
import pg from 'pg';
import { signRequest } from '../protocol/sign/http-signature.ts';
import type { Signer } from '../protocol/sign/signer.ts';
import { type Contender, compare, type Row, type Size } from './compare.ts';
import { encode, fire, type Load, pace } from './load.ts';
import { createFastSigner } from './signer.ts';
import { inWorld, type World } from './world.ts';

const path = '/v1/cdrs';
const user = createFastSigner();
let calls = 0;

/** A CDR that was never handed in before. */
function cdr() {
  calls += 1;
  return {
    callId: `${process.pid}-${calls}@proxy.example.org`,
    escrowId: 1 + (calls % 100),
    user: user.address,
    direction: 'outbound',
    from: '+31201234567',
    to: '+4930123456',
    startedAt: '2026-01-01T00:00:00.000Z',
    answeredAt: '2026-01-01T00:00:05.000Z',
    endedAt: '2026-01-01T00:01:05.000Z',
    disposition: 'answered',
    sipStatus: 200,
    hangupBy: 'caller',
  };
}

async function shotOf(url: string, provider: Signer, count: number): Promise<Buffer> {
  const body = JSON.stringify({ cdrs: Array.from({ length: count }, cdr) });
  const headers = { 'content-type': 'application/json' };
  const signed = await signRequest({ method: 'POST', url: url + path, body, headers }, provider);
  return encode(url, { path, method: 'POST', body, headers: signed });
}

const shotsOf = (url: string, provider: Signer, { requests, each }: { requests: number; each: number }) =>
  Promise.all(Array.from({ length: requests }, () => shotOf(url, provider, each)));

async function deploy({ db }: World, provider: Signer): Promise<void> {
  await sql`insert into providers (provider, location, deployed_at) values (${provider.address}, 'x', now())`.execute(
    db,
  );
}

const CDRS = 1_000;
const CONNECTIONS_OF_BULK = 3;

/** What a provider's billing hands in at night: many CDRs by each request. */
export const measureBulk = (size: Size): Promise<Row[]> =>
  inWorld(async (world) => {
    const [requests, rounds] = size === 'full' ? [24, 5] : [2, 1];
    const provider = createFastSigner();
    await deploy(world, provider);
    await sql`create table bench_rows (like cdrs including all)`.execute(world.db);
    const api = await world.startApi();
    const ofCdrs = (load: Load): Load => ({ ...load, perSecond: load.perSecond * CDRS });
    const ours: Contender = {
      name: 'handed in',
      pid: api.pid,
      run: async () =>
        ofCdrs(await fire(api.url, await shotsOf(api.url, provider, { requests, each: CDRS }), CONNECTIONS_OF_BULK)),
    };
    const pool = new pg.Pool({ connectionString: world.databaseUrl, max: CONNECTIONS_OF_BULK });
    const parse: Contender = { name: 'JSON.parse alone', run: async () => parseAlone(requests) };
    const insert: Contender = {
      name: 'unnest of the same rows into a table with the same indexes',
      run: () => insertAlone(pool, requests),
    };
    for (const each of [ours, insert]) await each.run();
    const plan = { rounds, requests: requests * CDRS, postgres: world.postgres };
    const what = `intake, ${CDRS} CDRs a request, CDRs`;
    const row = await compare({ ...plan, what, asked: '0.5 of the lower' }, ours, [insert, parse]);
    await pool.end();
    return [row];
  });

function parseAlone(requests: number): Load {
  const bodies = Array.from({ length: requests }, () => JSON.stringify({ cdrs: Array.from({ length: CDRS }, cdr) }));
  const begin = performance.now();
  for (const body of bodies) JSON.parse(body);
  const seconds = (performance.now() - begin) / 1000;
  return {
    perSecond: (requests * CDRS) / seconds,
    p50Ms: (seconds / requests) * 1000,
    p99Ms: (seconds / requests) * 1000,
  };
}

const insertText = `insert into bench_rows (call_id, escrow_id, "user", direction, "from", "to", started_at, answered_at,
    ended_at, disposition, sip_status, hangup_by, provider, content_hash, salt)
  select *, 'p', '\\x00'::bytea, decode(md5(random()::text), 'hex') from unnest($1::text[], $2::bigint[], $3::text[],
    $4::text[], $5::text[], $6::text[], $7::timestamptz[], $8::timestamptz[], $9::timestamptz[], $10::text[],
    $11::integer[], $12::text[])`;

async function insertAlone(pool: pg.Pool, requests: number): Promise<Load> {
  const batches = Array.from({ length: requests }, () => {
    const rows = Array.from({ length: CDRS }, cdr);
    const names = Object.keys(rows[0] ?? {}) as (keyof (typeof rows)[number])[];
    return names.map((name) => rows.map((row) => row[name]));
  });
  const times: number[] = [];
  const begin = performance.now();
  await Promise.all(
    Array.from({ length: CONNECTIONS_OF_BULK }, async () => {
      for (let values = batches.pop(); values; values = batches.pop()) {
        const sentAt = performance.now();
        await pool.query({ name: 'insert', text: insertText, values });
        times.push(performance.now() - sentAt);
      }
    }),
  );
  const perSecond = (requests * CDRS) / ((performance.now() - begin) / 1000);
  times.sort((a, b) => a - b);
  return { perSecond, p50Ms: times[times.length >> 1] ?? 0, p99Ms: times.at(-1) ?? 0 };
}

const CONNECTIONS = 8;

/** What a proxy hands in as each call ends. */
export const measureSingle = (size: Size): Promise<Row[]> =>
  inWorld(async (world) => {
    const [requests, rounds] = size === 'full' ? [2_000, 5] : [20, 1];
    const provider = createFastSigner();
    await deploy(world, provider);
    await sql`create table bench_cdrs (call_id text primary key, content json not null)`.execute(world.db);
    const [api, raw] = [await world.startApi(), await world.startCeiling('cdr')];
    const contender = (name: string, { url, pid }: typeof api): Contender => ({
      name,
      pid,
      run: async () => fire(url, await shotsOf(url, provider, { requests, each: 1 }), CONNECTIONS),
    });
    const ours = contender('handed in', api);
    const ceiling = contender('node:http, one signature verified, its nonce and a row committed by one statement', raw);
    for (const each of [ours, ceiling]) await each.run();
    const plan = { rounds, requests, postgres: world.postgres };
    const what = `intake, 1 CDR a request, ${CONNECTIONS} connections`;
    const full = await compare({ ...plan, what, asked: '0.5' }, ours, [ceiling]);
    const perSecond = full.ours.perSecond.median / 2;
    const paced = (each: Contender, { url }: typeof api): Contender => ({
      ...each,
      run: async () =>
        pace(url, await shotsOf(url, provider, { requests, each: 1 }), { perSecond, connections: CONNECTIONS }),
    });
    const calm = { ...plan, what: `${what}, at half of that`, asked: 'p99 under 10 ms' };
    return [full, await compare(calm, paced(ours, api), [paced(ceiling, raw)])];
  });
