import { type Selectable, sql } from 'kysely';
import type { Database, Tx } from '../database/connection.ts';
import type { Cursor } from '../database/types.ts';
import type { BlockHash, ScriptHash } from '../protocol/types/hash.ts';
import { Contradiction } from './apply.ts';
import { type Digests, digestedTables, digestOfText, digestText, emptyDigests } from './digest.ts';

export type Position = { height: number; hash: BlockHash };

/** Which contract this database follows and how far, or undefined before the first block. */
export function readCursor(db: Database): Promise<Selectable<Cursor> | undefined> {
  return db.selectFrom('cursor').selectAll().executeTakeFirst();
}

export async function startCursor(
  db: Database,
  start: Position & { time: Date; previousHash: BlockHash; network: number; contract: ScriptHash; deployedAt: number },
): Promise<void> {
  const { network, contract, deployedAt, previousHash, height, hash, time } = start;
  await db.transaction().execute(async (tx) => {
    await tx.insertInto('blocks').values({ height, hash, previousHash, time }).execute();
    await tx
      .insertInto('cursor')
      .values({ network: BigInt(network), contract, deployedAt, height, hash, time })
      .execute();
    await writeDigests(tx, height, emptyDigests());
  });
}

/** Moves the cursor from exactly where it was: two indexers can't both write the same block. @throws Contradiction */
export async function moveCursor(tx: Tx, from: Position, to: Position & { time: Date }): Promise<void> {
  const { numUpdatedRows } = await tx
    .updateTable('cursor')
    .set({ height: to.height, hash: to.hash, time: to.time })
    .where('height', '=', from.height)
    .where('hash', '=', from.hash)
    .executeTakeFirst();
  if (numUpdatedRows !== 1n)
    throw new Contradiction(`the index is no longer at block ${from.height}: another indexer writes this database`);
}

/** Wakes up whoever waits for a block (`LISTEN krypton_head`). */
export async function announceHead(tx: Tx, height: number): Promise<void> {
  await sql`select pg_notify('krypton_head', ${String(height)})`.execute(tx);
}

/** The digests as of a block. @throws Contradiction where none are kept of it */
export async function readDigests(db: Database | Tx, height: number): Promise<Digests> {
  const row = await db.selectFrom('digests').selectAll().where('height', '=', height).executeTakeFirst();
  if (!row) throw new Contradiction(`the index has no digests as of block ${height}`);
  const entries = digestedTables.map((table) => [table, digestOfText(row[table])]);
  return Object.fromEntries(entries) as Digests;
}

export async function writeDigests(tx: Tx, height: number, digests: Digests): Promise<void> {
  const texts = Object.fromEntries(digestedTables.map((table) => [table, digestText(digests[table])]));
  await tx
    .insertInto('digests')
    .values({ height, ...(texts as Record<keyof Digests, string>) })
    .onConflict((conflict) => conflict.column('height').doUpdateSet(texts))
    .execute();
}
