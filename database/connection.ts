import { CamelCasePlugin, Kysely, PostgresDialect, type PostgresPool, type Transaction } from 'kysely';
import pg from 'pg';
import { concernsServer, isDatabaseUnavailable } from './errors.ts';
import { preparedName } from './prepared.ts';
import type { Role } from './roles.ts';
import { CONNECT_LIMIT_MS, type Purpose, setUpSession } from './session.ts';
import type { DB } from './types.ts';

export type Database = Kysely<DB>;
export type Tx = Transaction<DB>;

/** One process does a handful of things at a time; Postgres's default of 100 connections serves many processes. */
const MAX_CONNECTIONS = 10;
/** Postgres itself ends a statement sooner: without an answer by then it is out of reach. */
const ANSWER_LIMIT_MS = 45_000;
/**
 * From then on the kernel asks whether the other side still lives: a connection that only listens would never notice.
 */
const KEEP_ALIVE_AFTER_MS = 10_000;

/** bigint columns as bigint: datoshi pass 2^53. */
const types: pg.CustomTypesConfig = {
  getTypeParser: ((oid: number, format: 'text' | 'binary') =>
    oid === pg.types.builtins.INT8
      ? BigInt
      : pg.types.getTypeParser(oid, format)) as pg.CustomTypesConfig['getTypeParser'],
};

export type PoolOptions = {
  max?: number;
  answerLimitMs?: number;
  purpose?: Purpose;
  /** Of a statement, where it is to end sooner than others. */
  limitMs?: number;
};

/** So that many statements that fail at once do not close what was made a moment ago, and again. */
const RENEW_EVERY_MS = 1_000;

/**
 * Connections that can write what the role may write, and nothing else. Columns are camelCase in TypeScript, snake_case
 * in SQL.
 */
export function createPool(
  url: string,
  role?: Role,
  { max = MAX_CONNECTIONS, answerLimitMs = ANSWER_LIMIT_MS, purpose = 'service', limitMs }: PoolOptions = {},
): pg.Pool {
  const pool = new pg.Pool({
    connectionString: url,
    types,
    max,
    connectionTimeoutMillis: CONNECT_LIMIT_MS,
    ...(purpose !== 'migration' && { query_timeout: answerLimitMs }),
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEP_ALIVE_AFTER_MS,
    onConnect: (client) => setUpSession(client, url, role, { purpose, limitMs }), // the pool waits for it
  });
  // A connection broke (Postgres was restarted): an idle one is dropped, the next statement of one in use says what is
  // wrong.
  pool.on('error', () => {});
  pool.on('connect', (client) => client.on('error', () => {}));
  return pool;
}

export function createDatabase(url: string, role?: Role, options: PoolOptions = {}): Database {
  return databaseOf(createPool(url, role, options));
}

export function databaseOf(pool: pg.Pool): Database {
  return new Kysely<DB>({
    dialect: new PostgresDialect({ pool: withoutBroken(pool) }),
    plugins: [new CamelCasePlugin({ maintainNestedObjectKeys: true })],
  });
}

/**
 * A connection that says "not now" (or nothing) is closed, so that nobody else meets the same trouble on it. Where it
 * speaks of the whole server (which is read-only, say, since another one took over), all that were made before are
 * closed as well.
 */
function withoutBroken(pool: pg.Pool): PostgresPool {
  let renewals = 0;
  let renewedAt = 0;
  const madeAt = new WeakMap<pg.PoolClient, number>();
  pool.on('connect', (client) => madeAt.set(client, renewals));

  function renewAll(): void {
    if (Date.now() - renewedAt < RENEW_EVERY_MS) return;
    renewedAt = Date.now();
    renewals += 1;
  }

  async function takeNewEnough(): Promise<pg.PoolClient> {
    for (;;) {
      const client = await pool.connect(); // ends: each old one is closed, and there are `max` of them
      if (madeAt.get(client) === renewals) return client;
      client.release(true);
    }
  }

  return {
    connect: async () => {
      const client = await takeNewEnough();
      let trouble: unknown;
      return {
        query: (async (text: string, parameters: unknown[]) => {
          if (trouble) throw trouble; // a ROLLBACK would only wait for nothing again, or hide what was wrong first
          try {
            return await client.query({ text, values: parameters, ...namedAs(text) });
          } catch (error) {
            if (isDatabaseUnavailable(error)) trouble = error;
            if (concernsServer(error)) renewAll();
            throw error;
          }
        }) as pg.PoolClient['query'],
        release: () => client.release(trouble !== undefined),
      };
    },
    end: () => pool.end(),
  };
}

function namedAs(text: string): { name?: string } {
  const name = preparedName(text);
  return name === undefined ? {} : { name };
}
