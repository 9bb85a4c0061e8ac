import { sql } from 'kysely';
import pino from 'pino';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createBlockReader } from '../chain/blocks.ts';
import { createRpc } from '../chain/rpc.ts';
import { createDatabase, type Database } from '../database/connection.ts';
import { migrate } from '../database/migrate.ts';
import { digestTables } from '../indexer/digest-tables.ts';
import { follow } from '../indexer/follow.ts';
import { readCursor, readDigests, startCursor } from '../indexer/store.ts';
import type { BlockHash } from '../protocol/types/hash.ts';
import { type Asked, startFakeNode, type Tell, type Told, type Wire } from './harness/fake-node.ts';
import { type MadeChain, madeNetwork, makeChain } from './harness/made-chain.ts';
import { createTestDatabase, type TestDatabase } from './harness/postgres.ts';
import { seededRandom } from './harness/random.ts';

/**
 * A hostile RPC never leads to wrong tables: whatever it does, the index ends as that of an undisturbed run, or refuses
 * with both answers. Every choice follows from the seed of its run. FAULT_RUNS says how many (500 take half an
 * hour), FAULT_SEED where they begin.
 */
const RUNS = Number(process.env.FAULT_RUNS ?? 6);
const FIRST_SEED = Number(process.env.FAULT_SEED ?? 1);
const BLOCKS = 40;
const RPC_LIMIT_MS = 150;
/** A run goes on for as long as it comes further. */
const STALL_LIMIT_MS = 30_000;
const RUN_LIMIT_MS = 600_000;

let database: TestDatabase;
let db: Database;
let asIndexer: Database;

beforeAll(async () => {
  database = await createTestDatabase();
  await migrate(database.url);
  db = createDatabase(database.url);
  asIndexer = createDatabase(database.url, 'indexer');
});
afterAll(async () => {
  await Promise.all([db.destroy(), asIndexer.destroy()]);
  await database.drop();
});

const tables = ['blocks', 'events', 'providers', 'registrations', 'balances', 'escrows', 'settlements'] as const;
const all = [...tables, 'provider_settlements', 'digests', 'cursor'] as const;

async function dump(): Promise<Record<string, unknown>> {
  const texts = all.map(async (table) => {
    const rows = await sql<{ row: string }>`
      select to_jsonb(t)::text as row from ${sql.table(table)} as t order by 1`.execute(db);
    return [table, rows.rows.map(({ row }) => row)];
  });
  return Object.fromEntries(await Promise.all(texts));
}

type Ended = { kind: 'done' } | { kind: 'refused'; error: Error };

/** An empty index follows these nodes until it is at the end of the chain, or refuses to go on. */
async function run(chain: MadeChain, urls: readonly string[], checkEvery = 0): Promise<Ended> {
  await sql`truncate ${sql.join(all.map((table) => sql.table(table)))}`.execute(db);
  const { hash, previousblockhash, time } = (chain.blocks[0] as MadeChain['blocks'][0]).header;
  const start = { height: 0, hash: hash as BlockHash, previousHash: previousblockhash as BlockHash };
  const where = { network: madeNetwork, contract: chain.contract, deployedAt: 1 };
  await startCursor(asIndexer, { ...start, time: new Date(time), ...where });
  const stopping = new AbortController();
  const rpc = createRpc(urls, { network: madeNetwork, timeoutMs: RPC_LIMIT_MS });
  const following = follow(
    {
      db: asIndexer,
      rpc,
      readBlocks: createBlockReader(chain.contract),
      heads: { next: () => new Promise((resolve) => setTimeout(resolve, 2, null)), close: () => {} },
      log: pino({ level: process.env.FAULT_LOG ?? 'silent' }),
      mayRollBack: false,
      checkEvery,
      retryMs: 1,
      signal: stopping.signal,
    },
    start,
  ).then(
    (): Ended => ({ kind: 'done' }),
    (error): Ended => ({ kind: 'refused', error }),
  );
  let ended: Ended | undefined;
  void following.then((end) => {
    ended = end;
  });
  for (let [at, movedAt] = [0, Date.now()]; ended === undefined; ) {
    const { height = 0 } = (await readCursor(db)) ?? {};
    if (height === chain.head) stopping.abort();
    if (height > at) [at, movedAt] = [height, Date.now()];
    if (Date.now() > movedAt + STALL_LIMIT_MS) throw new Error(`the index does not go on from block ${at}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  stopping.abort();
  return following;
}

/** Codes that speak of the node, of the request, and of nothing known. */
const codes = [-32603, -32005, -101, -105, -32700, -100, -32601];

/** What answers no method. `{}` would be a lie: a block without notifications. */
const garbage = [null, 'what?', { application: {} }, []];

/** 5 % errors, stale heights and other blocks; a method that is said to be missing may be missing for good. */
function hostile(chain: MadeChain, seed: number, name: string): { tell: Tell; wire: Wire } {
  const { chance, pick, upTo } = seededRandom(seed, name);
  const answer = (asked: Asked): Told => {
    if (chance(0.05) && asked.method !== 'getversion') return { error: { code: pick(codes), message: 'not now' } };
    if (asked.method === 'getblockcount' && chance(0.3)) return { result: 1 + upTo(chain.blocks.length) };
    if (asked.method === 'getblockheader' && chance(0.02)) return chain.tell({ ...asked, params: [upTo(chain.head)] });
    if (chance(0.01)) return { result: pick(garbage) };
    return chain.tell(asked);
  };
  const wire: Wire = (asked) => {
    if (chance(0.02)) return 'silence';
    if (chance(0.04)) return { status: pick([502, 503, 429]), body: '' };
    if (chance(0.03)) return { body: '<html>busy</html>' };
    if (!Array.isArray(asked)) return null;
    if (chance(0.03)) return { body: JSON.stringify({ id: null, error: { code: -32700, message: 'too large' } }) };
    const told = asked.map((one) => ({ jsonrpc: '2.0', id: one.id, ...answer(one) }));
    if (chance(0.3)) told.sort((a, b) => b.id - a.id); // in another order
    if (chance(0.05)) told.splice(upTo(told.length), 1 + upTo(3)); // with a gap
    const body = JSON.stringify(told);
    return { body: chance(0.05) ? body.slice(0, upTo(body.length)) : body }; // cut off
  };
  const tell: Tell = async (asked) => {
    if (chance(0.2)) await new Promise((resolve) => setTimeout(resolve, upTo(20)));
    return answer(asked);
  };
  return { tell, wire };
}

const seeds = Array.from({ length: RUNS }, (_, i) => FIRST_SEED + i);

describe('with hostile nodes the index ends as in an undisturbed run', () => {
  test.each(seeds)('seed %i', { timeout: RUN_LIMIT_MS }, async (seed) => {
    const chain = makeChain(seed, BLOCKS);
    const calm = await startFakeNode(chain.tell);
    expect(await run(chain, [calm.url])).toEqual({ kind: 'done' });
    const undisturbed = await dump();
    expect((undisturbed.events as string[]).length).toBeGreaterThan(BLOCKS);
    expect(await db.transaction().execute((tx) => digestTables(tx, 'public'))).toEqual(
      await readDigests(db, chain.head),
    );

    const count = 1 + (seed % 3);
    const names = Array.from({ length: count }, (_, i) => `node ${i}`);
    const nodes = await Promise.all(
      names.map((name) => {
        const { tell, wire } = hostile(chain, seed, name);
        return startFakeNode(tell, wire);
      }),
    );
    const urls = nodes.map(({ url }) => url);
    expect(await run(chain, urls, count > 1 ? 3 : 0)).toEqual({ kind: 'done' });
    expect(await dump()).toEqual(undisturbed);
  });
});

describe('a node that lies is refused with both answers, whichever node is asked first', () => {
  test.each(seeds.slice(0, Math.ceil(RUNS / 4)))('seed %i', { timeout: RUN_LIMIT_MS }, async (seed) => {
    const chain = makeChain(seed, BLOCKS);
    const lied = chain.blocks.findLast(({ notifications }) => notifications.length > 0);
    if (!lied) throw new Error('a chain without notifications');
    const height = lied.header.index;
    const honest = await startFakeNode(chain.tell);
    const liar = await startFakeNode((asked) => {
      if (asked.method !== 'getblocknotifications' || asked.params[0] !== height) return chain.tell(asked);
      return { result: { application: lied.notifications.slice(1) } };
    });
    const urls = [honest.url, liar.url];
    if (seededRandom(seed, 'order').chance(0.5)) urls.reverse();
    const ended = await run(chain, urls, 1);
    if (ended.kind === 'done') throw new Error('the lie was not found');
    expect(ended.error).toMatchObject({ name: 'Disagreement' });
    expect(ended.error.message).toContain(`disagree on block ${height}`);
    for (const url of urls) expect(ended.error.message).toContain(url);
    expect(ended.error.message).toContain(`with ${lied.notifications.length} notifications`);
    expect(ended.error.message).toContain(`with ${lied.notifications.length - 1} notifications`);
    expect((await readCursor(db))?.height).toBeLessThan(height); // nothing of the doubtful block is taken in
  });
});
