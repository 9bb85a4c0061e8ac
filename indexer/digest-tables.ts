import { sql } from 'kysely';
import type { Database, Tx } from '../database/connection.ts';
import type { Address } from '../protocol/types/address.ts';
import type { Escrow, Provider, Registration, Settlement } from './apply.ts';
import { type EventRow, toPlacedEvent } from './derive.ts';
import {
  addTo,
  type DigestedTable,
  type Digests,
  digestedTables,
  digestOf,
  digestOfEvents,
  digestOfSettlements,
  emptyDigests,
} from './digest.ts';
import { writeDigests } from './store.ts';

/** Rows that are read at a time: bounds the memory. */
const ROWS_AT_A_TIME = 5_000;

/** The digests of what the tables of a schema hold, read row by row; within one transaction that sees one moment. */
export async function digestTables(
  tx: Tx,
  schema: string,
  tables: readonly DigestedTable[] = digestedTables,
): Promise<Digests> {
  const digests = emptyDigests();
  for (const table of tables) digests[table] = await digestTable[table](tx, schema);
  return digests;
}

/** An index of a version that kept no digests gets those of its tables. Answers whether it was one. */
export async function beginDigests(db: Database, height: number): Promise<boolean> {
  const known = await db.selectFrom('digests').select('height').where('height', '=', height).executeTakeFirst();
  if (known) return false;
  await db
    .transaction()
    .setIsolationLevel('repeatable read')
    .execute(async (tx) => writeDigests(tx, height, await digestTables(tx, 'public')));
  return true;
}

const digestTable: Record<DigestedTable, (tx: Tx, schema: string) => Promise<bigint>> = {
  events: (tx, schema) =>
    sumByBlock(
      mapped(
        rowsOf<EventRow>(
          tx,
          `select e.height, position, tx_hash, ordinal, name, payload, time
          from ${schema}.events as e join ${schema}.blocks as b on b.height = e.height order by e.height, position`,
        ),
        toPlacedEvent,
      ),
      digestOfEvents,
    ),
  providers: (tx, schema) => sum(rowsOf<Provider>(tx, `select * from ${schema}.providers`), digestOf.providers),
  registrations: (tx, schema) =>
    sum(rowsOf<Registration>(tx, `select * from ${schema}.registrations`), digestOf.registrations),
  balances: (tx, schema) =>
    sum(rowsOf<{ account: Address; balance: bigint }>(tx, `select * from ${schema}.balances`), (row) =>
      digestOf.balances(row.account, row.balance),
    ),
  escrows: (tx, schema) => sum(rowsOf<Escrow>(tx, `select * from ${schema}.escrows`), digestOf.escrows),
  settlements: (tx, schema) =>
    sumByBlock(
      rowsOf<Settlement>(tx, `select * from ${schema}.settlements order by height, position`),
      digestOfSettlements,
    ),
};

/** The rows of a query, some at a time. */
export async function* rowsOf<T>(tx: Tx, query: string): AsyncGenerator<T> {
  await sql.raw(`declare digested no scroll cursor for ${query}`).execute(tx);
  for (;;) {
    const { rows } = await sql.raw<T>(`fetch forward ${ROWS_AT_A_TIME} from digested`).execute(tx);
    yield* rows;
    if (rows.length < ROWS_AT_A_TIME) break;
  }
  await sql`close digested`.execute(tx);
}

async function* mapped<T, U>(rows: AsyncIterable<T>, map: (row: T) => U): AsyncGenerator<U> {
  for await (const row of rows) yield map(row);
}

async function sum<T>(rows: AsyncIterable<T>, digest: (row: T) => bigint): Promise<bigint> {
  let total = 0n;
  for await (const row of rows) total = addTo(total, digest(row));
  return total;
}

/** Rows in the order of their blocks, a block's rows together. */
async function sumByBlock<T extends { height: number }>(
  rows: AsyncIterable<T>,
  digest: (height: number, rows: T[]) => bigint,
): Promise<bigint> {
  let total = 0n;
  let block: T[] = [];
  for await (const row of rows) {
    const [first] = block;
    if (first && first.height !== row.height) {
      total = addTo(total, digest(first.height, block));
      block = [];
    }
    block.push(row);
  }
  const [first] = block;
  return first ? addTo(total, digest(first.height, block)) : total;
}
