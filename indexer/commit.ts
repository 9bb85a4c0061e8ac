import type { Block } from '../chain/blocks.ts';
import type { Database, Tx } from '../database/connection.ts';
import { insertRows } from '../database/rows.ts';
import { decodeEvent } from '../protocol/contract/event.ts';
import { apply, escrowOf, type PlacedEvent } from './apply.ts';
import { announceHead, loadState, moveCursor, type Position, saveState } from './store.ts';

/**
 * Blocks, raw events, derived state and the cursor in one transaction: a reader never sees one without the other, and a
 * killed indexer goes on exactly behind the last commit.
 * @throws Contradiction where the blocks do not follow on `from`, which the cursor must still name
 */
export async function commitBlocks(db: Database, from: Position, blocks: readonly Block[]): Promise<Position> {
  const newest = blocks.at(-1);
  if (!newest) return from;
  const placed = blocks.flatMap(placeEvents);
  await db.transaction().execute(async (tx) => {
    await moveCursor(tx, from, { height: newest.height, hash: newest.hash, time: new Date(newest.time) });
    await insertRows(
      tx,
      'blocks',
      blocks.map(({ height, hash, previousHash, time }) => ({ height, hash, previousHash, time: new Date(time) })),
    );
    await insertRows(tx, 'events', placed.map(toEventRow));
    await applyAll(tx, placed);
    await announceHead(tx, newest.height);
  });
  return { height: newest.height, hash: newest.hash };
}

/** The state that follows from some more notifications. */
export async function applyAll(tx: Tx, placed: readonly PlacedEvent[]): Promise<void> {
  if (placed.length === 0) return;
  const state = await loadState(tx, placed);
  for (const event of placed) apply(state, event);
  await saveState(tx, state);
}

function placeEvents({ height, time, notifications }: Block): PlacedEvent[] {
  return notifications.map(({ txHash, ordinal, name, state }, position) => {
    return { height, position, txHash, ordinal, time: new Date(time), event: decodeEvent(name, state) };
  });
}

/** Raw events keep every field; integers as decimal strings, as JSON can't hold them all. */
function toEventRow({ height, position, txHash, ordinal, event }: PlacedEvent) {
  const { name, ...payload } = event;
  return { height, position, txHash, ordinal, name, payload, escrowId: escrowOf(event) };
}
