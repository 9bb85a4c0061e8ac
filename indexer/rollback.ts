import type { Database } from '../database/connection.ts';
import type { BlockHash } from '../protocol/types/hash.ts';
import { derive } from './derive.ts';
import { announceHead, moveCursor, type Position, writeDigests } from './store.ts';

/**
 * Goes back to an earlier block: forgets what came later and derives the state anew from the events that are left, in
 * one transaction.
 */
export async function rollBack(db: Database, from: Position, to: Position): Promise<void> {
  await db.transaction().execute(async (tx) => {
    const { time } = await tx
      .selectFrom('blocks')
      .select('time')
      .where('height', '=', to.height)
      .executeTakeFirstOrThrow();
    await moveCursor(tx, from, { ...to, time });
    for (const table of ['events', 'blocks', 'digests'] as const)
      await tx.deleteFrom(table).where('height', '>', to.height).execute();
    for (const table of ['settlements', 'providers', 'registrations', 'balances', 'escrows'] as const)
      await tx.deleteFrom(table).execute();
    await writeDigests(tx, to.height, await derive(tx, 'public', to.height));
    await tx.insertInto('rollbacks').values({ height: to.height }).execute();
    await announceHead(tx, to.height);
  });
}

/** The newest block, at most `depth` back, that the chain still has; null where it has none of them. */
export async function findCommonAncestor(
  db: Database,
  readBlockHash: (height: number) => Promise<BlockHash | null>,
  from: Position,
  depth: number,
): Promise<Position | null> {
  const known = await db
    .selectFrom('blocks')
    .select(['height', 'hash'])
    .where('height', '>=', from.height - depth)
    .orderBy('height', 'desc')
    .execute();
  for (const block of known) if ((await readBlockHash(block.height)) === block.hash) return block;
  return null;
}
