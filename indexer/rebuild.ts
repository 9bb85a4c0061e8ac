import { sql } from 'kysely';
import type { Database, Tx } from '../database/connection.ts';
import { eventFromPayload } from '../protocol/contract/event.ts';
import type { BlockHash } from '../protocol/types/hash.ts';
import type { PlacedEvent } from './apply.ts';
import { applyAll } from './commit.ts';
import { announceHead, moveCursor, type Position } from './store.ts';

/** Events that are applied at a time: bounds the memory, not the result. */
const EVENTS_AT_A_TIME = 1_000;

/**
 * Goes back to an earlier block: forgets what came later and derives the state anew from the events that are left, in
 * one transaction. With the cursor's own height it simply rebuilds the state.
 */
export async function rebuild(db: Database, from: Position, to: Position): Promise<void> {
  await db.transaction().execute(async (tx) => {
    const { time } = await tx
      .selectFrom('blocks')
      .select('time')
      .where('height', '=', to.height)
      .executeTakeFirstOrThrow();
    await tx.deleteFrom('settlements').execute();
    await tx.deleteFrom('events').where('height', '>', to.height).execute();
    await tx.deleteFrom('blocks').where('height', '>', to.height).execute();
    for (const table of ['providers', 'registrations', 'balances', 'escrows'] as const)
      await tx.deleteFrom(table).execute();
    await moveCursor(tx, from, { ...to, time });
    if (to.height < from.height) await tx.insertInto('rollbacks').values({ height: to.height }).execute();
    await replay(tx);
    await announceHead(tx, to.height);
  });
}

async function replay(tx: Tx): Promise<void> {
  for (let after = { height: -1, position: 0 }; ; ) {
    const rows = await tx
      .selectFrom('events')
      .innerJoin('blocks', 'blocks.height', 'events.height')
      .select(['events.height', 'position', 'txHash', 'ordinal', 'name', 'payload', 'time'])
      .where(sql<boolean>`(events.height, position) > (${after.height}, ${after.position})`)
      .orderBy('events.height')
      .orderBy('position')
      .limit(EVENTS_AT_A_TIME)
      .execute();
    const last = rows.at(-1);
    if (!last) return;
    await applyAll(
      tx,
      rows.map(
        ({ name, payload, ...place }): PlacedEvent => ({
          ...place,
          event: eventFromPayload(name, payload as Record<string, unknown>),
        }),
      ),
    );
    after = last;
  }
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
