import { CamelCasePlugin, Kysely, PostgresDialect, type PostgresPool, type Transaction } from 'kysely';
import pg from 'pg';
import { isSilence } from './errors.ts';
import { type Role, roleName } from './roles.ts';
import type { DB } from './types.ts';

export type Database = Kysely<DB>;
export type Tx = Transaction<DB>;

/** One process does a handful of things at a time; Postgres's default of 100 connections serves many processes. */
const MAX_CONNECTIONS = 10;
/** No statement of ours is meant to run this long; one that does must not hold its locks. */
const STATEMENT_LIMIT_MS = 30_000;
/** Postgres itself ends a statement sooner: without an answer by then it is out of reach. */
const ANSWER_LIMIT_MS = 45_000;
/** A process that stalls inside a transaction (or loses its network) is cut off. */
const IDLE_TRANSACTION_LIMIT_MS = 30_000;

/** bigint columns as bigint: datoshi pass 2^53. */
const types: pg.CustomTypesConfig = {
  getTypeParser: ((oid: number, format: 'text' | 'binary') =>
    oid === pg.types.builtins.INT8
      ? BigInt
      : pg.types.getTypeParser(oid, format)) as pg.CustomTypesConfig['getTypeParser'],
};

/** Connections that can write what the role may write, and nothing else. Columns are camelCase in TypeScript, snake_case in SQL. */
export function createPool(
  url: string,
  role?: Role,
  { max = MAX_CONNECTIONS, answerLimitMs = ANSWER_LIMIT_MS }: { max?: number; answerLimitMs?: number } = {},
): pg.Pool {
  const options = [
    role && `-c role=${roleName(role)}`,
    `-c statement_timeout=${STATEMENT_LIMIT_MS}`,
    `-c idle_in_transaction_session_timeout=${IDLE_TRANSACTION_LIMIT_MS}`,
    '-c timezone=UTC',
  ];
  const pool = new pg.Pool({
    connectionString: url,
    types,
    max,
    options: options.filter(Boolean).join(' '),
    connectionTimeoutMillis: 10_000,
    query_timeout: answerLimitMs,
    keepAlive: true,
  });
  // A connection broke (Postgres was restarted): an idle one is dropped, the next statement of one in use says what is wrong.
  pool.on('error', () => {});
  pool.on('connect', (client) => client.on('error', () => {}));
  return pool;
}

export function createDatabase(url: string, role?: Role): Database {
  return databaseOf(createPool(url, role));
}

export function databaseOf(pool: pg.Pool): Database {
  return new Kysely<DB>({
    dialect: new PostgresDialect({ pool: withoutSilent(pool) }),
    plugins: [new CamelCasePlugin({ maintainNestedObjectKeys: true })],
  });
}

/** A connection on which no answer came is closed, so that nobody else waits on it too. */
function withoutSilent(pool: pg.Pool): PostgresPool {
  return {
    connect: async () => {
      const client = await pool.connect();
      let silence: unknown;
      return {
        query: (async (text: string, parameters: unknown[]) => {
          if (silence) throw silence; // a ROLLBACK would only wait for nothing again
          try {
            return await client.query(text, parameters);
          } catch (error) {
            if (isSilence(error)) silence = error;
            throw error;
          }
        }) as pg.PoolClient['query'],
        release: () => client.release(silence !== undefined),
      };
    },
    end: () => pool.end(),
  };
}
