import { sql } from 'kysely';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createDatabase, createPool } from '../database/connection.ts';
import { UnfitConnection } from '../database/errors.ts';
import { migrate } from '../database/migrate.ts';
import {
  type ApiWorld,
  answer,
  cdrOf,
  createApiWorld,
  deployProviders,
  environment,
  moveTo,
  signedRequest,
  urlOf,
} from './api-world.ts';
import { findPgBouncer, type Pooler, startPgBouncer } from './harness/pgbouncer.ts';
import { startService } from './harness/services.ts';

const program = await findPgBouncer();

describe.skipIf(program === null)('through a PgBouncer that ignores startup options', () => {
  let world: ApiWorld;
  let pooler: Pooler;

  beforeAll(async () => {
    world = await createApiWorld();
    await deployProviders(world, world.provider);
    await moveTo(world, 1);
  });
  afterAll(() => world.destroy());
  const through = (mode: 'session' | 'transaction') => async () => {
    pooler = await startPgBouncer(program as string, mode, world.databaseUrl);
  };

  describe('in session mode', () => {
    beforeEach(through('session'));
    afterEach(() => pooler.stop());

    test('role and limits hold, and a second migration finds nothing to do', async () => {
      expect(await migrate(pooler.url)).toEqual([]);
      const db = createDatabase(pooler.url, 'api');
      const { rows } = await sql`
        select current_user::text as "user", current_setting('statement_timeout') as statement,
          current_setting('idle_in_transaction_session_timeout') as idle`.execute(db);
      expect(rows).toEqual([{ user: 'krypton_api', statement: '30s', idle: '30s' }]);
      await expect(sql`delete from blocks`.execute(db)).rejects.toThrow('permission denied');
      await db.destroy();
    });

    test('the API takes CDRs, and hears of new blocks', async () => {
      const service = await startService('api', environment(pooler.url, world.redisUrl));
      const url = await urlOf(service);
      const posted = await signedRequest(url, world.provider, '/v1/cdrs', { body: { cdrs: [cdrOf(world.user)] } });
      expect((await answer(await fetch(posted))).body.cdrs[0].verdict).toBe('accepted');
      const waiting = fetch(`${url}/v1/status`, { headers: { 'Min-Height': '2' } });
      await moveTo(world, 2);
      expect((await waiting).status).toBe(200);
      await service.stop();
    });
  });

  describe('in transaction mode', () => {
    beforeEach(through('transaction'));
    afterEach(() => pooler.stop());

    test.each(['api', 'settler', 'indexer'] as const)(
      'a connection of the %s is refused, with the reason',
      async (role) => {
        const pool = createPool(pooler.url, role);
        const error = await pool.connect().catch((refusal: unknown) => refusal);
        expect(error).toBeInstanceOf(UnfitConnection);
        expect(String(error)).toContain('pool_mode=session');
        expect(pool.totalCount).toBe(0);
        await pool.end();
      },
    );

    test('services do not start, and nothing is left behind in the connections that they would share', async () => {
      const error = await startService('api', environment(pooler.url, world.redisUrl)).catch(String);
      expect(error).toContain('KRYPTON_DATABASE_URL');
      expect(error).toContain('pool_mode=session');
      await expect(migrate(pooler.url)).rejects.toThrow('pool_mode=session');
      const other = new pg.Client({ connectionString: pooler.url }); // gets a connection that ours had
      await other.connect();
      const { rows } = await other.query(
        "select current_user::text as role, current_setting('statement_timeout') as statement_timeout",
      );
      await other.end();
      expect(rows).toEqual([{ role: 'postgres', statement_timeout: '0' }]);
    });
  });
});
