import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createDatabase, type Database } from '../database/connection.ts';
import { createClient } from '../protocol/api/client.ts';
import { streamCdrEvents, streamEvents } from '../protocol/api/events.ts';
import { ApiUnreachable } from '../protocol/api/failure.ts';
import type { StreamOperation } from '../protocol/api/operation.ts';
import type { FollowGiven } from '../protocol/api/stream.ts';
import type { Signer } from '../protocol/sign/signer.ts';
import {
  type ApiWorld,
  createApiWorld,
  deployProviders,
  environment,
  moveTo,
  openEscrows,
  urlOf,
} from './api-world.ts';
import { seededRandom } from './harness/random.ts';
import { type Service, startService } from './harness/services.ts';

/** SEED=… repeats the choices of a run; what the machine does in between is its own. */
const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 32));
const CUTS = 50;
/** Of all streams at a process; the one that was killed starts again where it was. */
const KILLS = 8;

let world: ApiWorld;
let servers: { url: string; service: Service; env: NodeJS.ProcessEnv }[];

beforeAll(async () => {
  world = await createApiWorld();
  await moveTo(world, 1);
  await deployProviders(world, world.provider, world.stranger);
  await openEscrows(world, world.provider, 1, 2);
  await openEscrows({ ...world, user: world.stranger }, world.provider, 3);
  servers = await Promise.all([startServer(), startServer()]);
});
afterAll(async () => {
  await Promise.all((servers ?? []).map(({ service }) => service.kill()));
  await world?.destroy();
});

async function startServer() {
  const env = environment(world.databaseUrl, world.redisUrl);
  const service = await startService('api', env);
  const url = await urlOf(service);
  return { url, service, env: { ...env, KRYPTON_API_PORT: new URL(url).port } };
}

type Random = ReturnType<typeof seededRandom>;

test(`streams that are cut ${CUTS} times deliver every event once and in order (seed ${seed})`, async () => {
  const writing = new AbortController();
  const writers = [
    writeBlocks(seededRandom(seed, 'blocks'), writing.signal),
    ...[0, 1, 2].map((i) => writeStates(seededRandom(seed, `states ${i}`), writing.signal)),
  ];
  const kills = killServers(seededRandom(seed, 'kills'));
  const readers = [
    read('chain', streamEvents, {}, { query: { since: 0 } }),
    read('user on chain', streamEvents, {}, { query: { since: 0, user: world.user.address } }),
    read('provider', streamCdrEvents, { signer: world.provider }, { after: '0' }),
    read('user', streamCdrEvents, { signer: world.user }, { after: '0' }),
  ];
  const done = await Promise.all(readers.map((reader) => reader.cut()));
  await kills;
  writing.abort();
  await Promise.all(writers);
  const expected = [await chainIds(), await chainIds(), await stateIds('true'), await stateIds('escrow_id <> 3')];
  for (const [i, reader] of readers.entries()) {
    const all = expected[i] ?? [];
    await reader.finish(all.at(-1) ?? '');
    expect([reader.name, reader.seen.length > 200]).toEqual([reader.name, true]);
    expect([reader.name, reader.seen]).toEqual([reader.name, all]);
  }
  const byKill = done.reduce((sum, { broken }) => sum + broken, 0);
  expect(byKill, 'streams that a killed process cut').toBeGreaterThan(0);
}, 180_000);

/** A reader who is cut off again and again, goes on at any of the servers, and keeps what it was given. */
function read<O extends StreamOperation>(
  name: string,
  operation: O,
  { signer }: { signer?: Signer },
  given: FollowGiven<O>,
) {
  const random = seededRandom(seed, name);
  const seen: string[] = [];
  let after = given.after;

  /** Reads until the cut; answers whether the server broke it off, and whether anything had come before. */
  async function once(signal: AbortSignal, last?: string) {
    const { url } = random.pick(servers);
    const pace = { maxFailures: 1, pauseMs: 1, silenceMs: 20_000 };
    const before = seen.length;
    let isBroken = false;
    try {
      for await (const { id } of createClient({ url, signer }).follow(operation, { ...given, after, signal, pace })) {
        seen.push(id);
        after = id;
        if (id === last || random.chance(0.002)) break; // cut in the middle of what has come already
      }
    } catch (error) {
      if (!(error instanceof ApiUnreachable)) throw error;
      isBroken = true;
    }
    return { isBroken, hadBegun: seen.length > before };
  }

  return {
    name,
    seen,
    cut: async () => {
      let [cuts, broken] = [0, 0];
      while (cuts < CUTS) {
        const { isBroken, hadBegun } = await once(AbortSignal.timeout(random.upTo(600)));
        if (isBroken && !hadBegun)
          await sleep(20); // there is nobody to be cut off from
        else cuts += 1;
        if (isBroken && hadBegun) broken += 1;
      }
      return { broken };
    },
    finish: async (last: string) => {
      for (let tries = 0; tries < 100 && after !== last; tries += 1) await once(AbortSignal.timeout(10_000), last);
    },
  };
}

/** One after the other, at any moment. */
async function killServers(random: Random): Promise<void> {
  for (let kills = 0; kills < KILLS; kills += 1) {
    await sleep(random.upTo(1_500));
    const server = random.pick(servers);
    await server.service.kill();
    server.service = await startService('api', server.env);
  }
}

async function writeBlocks(random: Random, signal: AbortSignal): Promise<void> {
  for (let height = 2; !signal.aborted; height += 1) {
    const events = Array.from({ length: random.upTo(4) }, () => ({
      name: 'Deposited',
      payload: { account: world.user.address, from: null, amount: String(random.upTo(1_000)) },
    }));
    await moveTo(world, height, events);
    await sleep(random.upTo(40));
  }
}

/** Transactions that overlap, of which some are never committed. */
async function writeStates(random: Random, signal: AbortSignal): Promise<void> {
  const db = createDatabase(world.databaseUrl);
  while (!signal.aborted) {
    const tx = await db.startTransaction().execute();
    const escrowId = 1 + random.upTo(3);
    const user = escrowId === 3 ? world.stranger.address : world.user.address;
    await insertCdrs(tx, escrowId, user, 1 + random.upTo(3));
    await sleep(random.upTo(30));
    await sql`insert into ratings (cdr_id, escrow_id, state, price)
      select id, escrow_id, 'rated', 1 from cdrs where not exists (select from ratings where cdr_id = id)
      order by id for update of cdrs skip locked limit 5`.execute(tx);
    await sleep(random.upTo(30));
    await tx[random.chance(0.2) ? 'rollback' : 'commit']().execute();
    await sleep(random.upTo(20));
  }
  await db.destroy();
}

const insertCdrs = (db: Database, escrowId: number, user: string, count: number) =>
  sql`insert into cdrs (provider, call_id, escrow_id, "user", direction, "from", "to", started_at, ended_at, disposition,
      sip_status, content_hash, salt)
    select ${world.provider.address}, gen_random_uuid(), ${escrowId}, ${user}, 'outbound', 'a', 'b', now(), now(), 'busy',
      486, sha256('x'), substr(sha256('x'), 1, 16)
    from generate_series(1, ${count}::integer)`.execute(db);

async function chainIds(): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`
    select height || '.' || position as id from events order by height, position`.execute(world.db);
  return rows.map(({ id }) => id);
}

async function stateIds(condition: string): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`
    select cdr_states.id::text as id from cdr_states join cdrs on cdrs.id = cdr_id
    where ${sql.raw(condition)} order by cdr_states.id`.execute(world.db);
  return rows.map(({ id }) => id);
}
