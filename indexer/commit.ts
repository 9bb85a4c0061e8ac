import type { Block } from '../chain/blocks.ts';
import type { Database } from '../database/connection.ts';
import { decodeEvent } from '../protocol/contract/event.ts';
import { Contradiction, type PlacedEvent } from './apply.ts';
import { hold } from './held.ts';
import { payloadOf } from './payload.ts';
import { type Position, readCursor, readDigests } from './store.ts';
import { blocksStatement, DIGEST_EVERY, openPage } from './write.ts';

/** Notifications that are committed together: they cost one commit, and Postgres takes them in within 0.1 s. */
const NOTIFICATIONS_AT_A_TIME = 2_000;
/** Blocks of a quiet chain that are committed together. */
const BLOCKS_AT_A_TIME = 500;

/** Blocks that are ready to be written, by one statement. */
export type Prepared = { from: Position; to: Position; parameters: string[] };

/**
 * Takes in blocks on top of what the database holds. It keeps in memory what it has touched, so that the next blocks
 * can be taken in while these are written; where anything fails, it is dropped and another one is opened.
 */
export type Writer = {
  /** The last block that was taken in. */
  position(): Position;
  /** To be called while nothing that was taken in is unwritten, where `isFull`: it then holds nothing any more. */
  drop(): void;
  isFull(): boolean;
  /** Takes in the blocks that follow: one at least. @throws Contradiction where they contradict what was before */
  take(blocks: readonly Block[]): Promise<void>;
  /** Whether as much was taken in as is committed at once, or all up to a height of which the digests are kept. */
  isDue(): boolean;
  /** What was taken in since it was last asked; null where nothing was. */
  prepare(): Prepared | null;
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
  /** Where the page begins. */
  let start = position;
  let time = 0;
  let page = openPage();
  let notifications = 0;

  async function take(blocks: readonly Block[]): Promise<void> {
    const newest = blocks.at(-1);
    if (!newest) throw new RangeError('no blocks to take in');
    const events = blocks.flatMap(placeEvents);
    page.add(blocks, events, await held.take(events));
    notifications += events.length;
    ({ time } = newest);
    position = { height: newest.height, hash: newest.hash };
  }

  const isDue = (): boolean =>
    notifications >= NOTIFICATIONS_AT_A_TIME ||
    position.height - start.height >= BLOCKS_AT_A_TIME ||
    (position !== start && position.height % DIGEST_EVERY === 0);

  function prepare(): Prepared | null {
    if (position === start) return null;
    const places = [start.height, start.hash, from.generation, position.height, position.hash].map(String);
    const parameters = [...places, new Date(time).toISOString(), ...page.parameters(held.changes())];
    const prepared = { from: start, to: position, parameters };
    [start, page, notifications] = [position, openPage(), 0];
    return prepared;
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

  return {
    position: () => position,
    drop: held.drop,
    isFull: () => position === start && held.isFull(),
    take,
    isDue,
    prepare,
    commit,
  };
}

function placeEvents({ height, time, notifications }: Block): PlacedEvent[] {
  const at = new Date(time);
  return notifications.map(({ txHash, ordinal, name, state }, position) => {
    const event = decodeEvent(name, state);
    return { height, position, txHash, ordinal, time: at, event, payload: payloadOf(event) };
  });
}
