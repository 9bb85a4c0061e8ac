import type { Block } from '../chain/blocks.ts';
import type { Database } from '../database/connection.ts';
import { decodeEvent } from '../protocol/contract/event.ts';
import { Contradiction, type PlacedEvent } from './apply.ts';
import { hold } from './held.ts';
import { payloadOf } from './payload.ts';
import { type Position, readCursor, readDigests } from './store.ts';
import { blockParameters, blocksStatement } from './write.ts';

/** Blocks that are ready to be written, by one statement. */
export type Prepared = { from: Position; to: Position; parameters: string[] };

/**
 * Takes in blocks on top of what the database holds. It keeps in memory what it has touched, so that the next blocks
 * can be prepared while these are written; where anything fails, it is dropped and another one is opened.
 */
export type Writer = {
  /** The last block that was prepared. */
  position(): Position;
  /** To be called while nothing that was prepared is unwritten, where `isFull`: it then holds nothing any more. */
  drop(): void;
  isFull(): boolean;
  /** @throws Contradiction where the blocks contradict what was before */
  prepare(blocks: readonly [Block, ...Block[]]): Promise<Prepared>;
  /**
   * Blocks, raw events, derived state, digests and the cursor at once: a reader never sees one without the other, and a
   * killed indexer goes on exactly behind the last commit. In the order in which they were prepared.
   * @throws Contradiction where the cursor is no longer where it was left
   */
  commit(prepared: Prepared): Promise<Position>;
};

/** Somebody has changed what the tables hold (`krypton rebuild`): what is kept in memory holds no longer. */
export class TablesChanged extends Error {
  override name = 'TablesChanged';
}

export async function openWriter(db: Database, from: Position & { generation: number }): Promise<Writer> {
  const held = hold(db, 'public', await readDigests(db, from.height));
  let position: Position = { height: from.height, hash: from.hash };

  async function prepare(blocks: readonly [Block, ...Block[]]): Promise<Prepared> {
    const newest = blocks.at(-1) as Block;
    const events = blocks.flatMap(placeEvents);
    const changes = await held.take(events);
    const before = position;
    position = { height: newest.height, hash: newest.hash };
    const places = [before.height, before.hash, from.generation, newest.height, newest.hash].map(String);
    const time = new Date(newest.time).toISOString();
    return { from: before, to: position, parameters: [...places, time, ...blockParameters(blocks, events, changes)] };
  }

  async function commit({ from: before, to, parameters }: Prepared): Promise<Position> {
    const moved = await blocksStatement(db, ...parameters);
    if (moved.length === 1) return to;
    const cursor = await readCursor(db);
    if (cursor && cursor.generation !== from.generation)
      throw new TablesChanged('the tables were rebuilt: reading them anew');
    throw new Contradiction(
      `the index is no longer at block ${before.height} as it was left: another process writes this database`,
    );
  }

  return { position: () => position, drop: held.drop, isFull: held.isFull, prepare, commit };
}

function placeEvents({ height, time, notifications }: Block): PlacedEvent[] {
  const at = new Date(time);
  return notifications.map(({ txHash, ordinal, name, state }, position) => {
    const event = decodeEvent(name, state);
    return { height, position, txHash, ordinal, time: at, event, payload: payloadOf(event) };
  });
}
