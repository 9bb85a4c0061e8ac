import { mkdirSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { sql } from 'kysely';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { healthSchema } from '../protocol/api/status.ts';
import { type Answer, type ApiWorld, cdrOf, createApiWorld, deployProviders, moveTo } from './api-world.ts';
import { type OwnRedis, startOwnRedis } from './harness/own-redis.ts';
import { eventually } from './harness/world.ts';

let redis: OwnRedis;
let world: ApiWorld;

beforeAll(async () => {
  redis = await startOwnRedis();
  world = await createApiWorld({ KRYPTON_REDIS_URL: redis.url });
  await deployProviders(world, world.provider);
  await moveTo(world, 1);
});
afterAll(async () => {
  await world.destroy();
  await redis.stop();
});

const post = () => world.signed(world.provider, '/v1/cdrs', { body: { cdrs: [cdrOf(world.user)] } });

/** Asks until it says so: what it found a moment ago, it says for a second. */
async function readiness(part: 'postgres' | 'redis', pattern: RegExp): Promise<Answer> {
  return eventually(async () => {
    const ready = await world.get('/readyz');
    return pattern.test(healthSchema.parse(ready.body).checks[part] ?? '') ? ready : null;
  }, `${part}: ${pattern}`);
}

/** As the node is at another height than this index, the answer as a whole is no matter here. */
const isOk = /^ok$/;

describe('a Redis that answers, and refuses writes', () => {
  const faults: [string, (admin: Redis) => Promise<unknown>, (admin: Redis) => Promise<unknown>][] = [
    ['READONLY', (admin) => admin.replicaof('127.0.0.1', 1), (admin) => admin.replicaof('NO', 'ONE')],
    ['OOM', (admin) => admin.config('SET', 'maxmemory', '1'), (admin) => admin.config('SET', 'maxmemory', '0')],
    [
      'MISCONF',
      async (admin) => {
        mkdirSync(join(redis.folder, 'dump.rdb')); // no snapshot can be written over a folder
        await admin.config('SET', 'save', '3600 1');
        await admin.bgsave();
      },
      async (admin) => {
        rmdirSync(join(redis.folder, 'dump.rdb'));
        await admin.config('SET', 'save', '');
      },
    ],
    [
      'WRONGPASS',
      async (admin) => {
        await admin.config('SET', 'requirepass', 'rotated');
        await admin.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
      },
      (admin) => admin.config('SET', 'requirepass', new URL(redis.url).password),
    ],
    [
      'NOPERM',
      (admin) => admin.call('ACL', 'SETUSER', 'default', '-set'),
      (admin) => admin.call('ACL', 'SETUSER', 'default', '+set'),
    ],
  ];

  test.each(faults)('%s: 503 with the reason, CDRs are taken all the same, and it passes', async (word, begin, end) => {
    const admin = new Redis(redis.url);
    try {
      await readiness('redis', isOk);
      await begin(admin);
      const ready = await readiness('redis', new RegExp(word));
      expect([ready.status, ready.body.checks.postgres]).toEqual([503, 'ok']);
      expect((await post()).status).toBe(202);
      await end(admin);
      await readiness('redis', isOk);
    } finally {
      admin.disconnect();
    }
  });
});

describe('a Postgres that answers, and refuses', () => {
  const database = () => new URL(world.databaseUrl).pathname.slice(1);
  const alter = (change: string) => sql.raw(`alter database ${database()} ${change}`).execute(world.db);
  const cutOff = () =>
    sql`select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and pid <> pg_backend_pid()`.execute(world.db);

  test('read-only, as after a fail-over: writes 503, reads go on, and back without a restart', async () => {
    expect((await post()).status).toBe(202);
    await alter('set default_transaction_read_only = on');
    await cutOff();
    const refused = await post();
    expect([refused.status, refused.body.code]).toEqual([503, 'databaseUnavailable']);
    expect(refused.headers.get('retry-after')).toBe('1');
    expect(refused.body.detail).not.toMatch(/postgres|krypton_|transaction/i);
    expect((await world.get('/v1/escrows')).status).toBe(200);
    expect((await readiness('postgres', /25006/)).status).toBe(503);
    // Connections that were made read-only are given up, all of them: the next ones find what is now.
    await Promise.all(Array.from({ length: 8 }, () => world.get('/v1/escrows')));
    await alter('reset default_transaction_read_only');
    await eventually(async () => (await post()).status === 202, 'CDRs are taken again', 3_000);
    for (let i = 0; i < 12; i += 1) expect((await post()).status).toBe(202);
    await readiness('postgres', isOk);
  });

  test('its rights withdrawn: 503, and back when they are given again', async () => {
    await sql`revoke insert on request_nonces from krypton_api`.execute(world.db);
    expect((await readiness('postgres', /42501/)).status).toBe(503);
    expect((await post()).status).toBe(503);
    await sql`grant insert on request_nonces to krypton_api`.execute(world.db);
    expect((await post()).status).toBe(202);
  });

  test('closed for maintenance: 503, and back', async () => {
    const server = world.databaseUrl.replace(/[^/]*$/, 'postgres');
    const admin = new pg.Client({ connectionString: server });
    await admin.connect();
    await admin.query(`alter database ${database()} allow_connections false`);
    await cutOff();
    expect((await world.get('/v1/escrows')).status).toBe(503);
    expect((await readiness('postgres', /55000/)).status).toBe(503);
    await admin.query(`alter database ${database()} allow_connections true`);
    await admin.end();
    expect((await post()).status).toBe(202);
  });
});
