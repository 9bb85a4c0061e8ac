import type { Block } from '../chain/blocks.ts';
import { height as asHeight, type Height } from '../protocol/types/height.ts';

/** Blocks of one node: `count` of them from a height on, or fewer, at least one. */
export type ReadSome = (from: Height, count: number) => Promise<Block[]>;

/** neo-go takes batches of 100 requests, and two are needed for a block. */
const BLOCKS_AT_A_TIME = 50;
/** An answer of about so many notifications is half a MB or one: large enough that the way there and back is no matter. */
const NOTIFICATIONS_AT_A_TIME = 500;
/** Requests under way: while one is answered, another one is read and written. More only take memory. */
const REQUESTS_AT_A_TIME = 2;

/** How many blocks to ask for at a time: as many as the last answers make seem right. */
export type Sizing = {
  count(): number;
  learn(blocks: readonly Block[]): void;
  /** What was asked of node or database may have been too much. */
  shrink(): void;
};

export function createSizing(): Sizing {
  let count = REQUESTS_AT_A_TIME; // a first look: one block may hold hundred thousand notifications
  return {
    count: () => count,
    learn: (blocks) => {
      const notifications = blocks.reduce((sum, block) => sum + block.notifications.length, 0);
      const each = Math.max(1, notifications / blocks.length);
      const fitting = Math.max(1, Math.floor(NOTIFICATIONS_AT_A_TIME / each));
      count = Math.min(BLOCKS_AT_A_TIME, 2 * count, fitting);
    },
    shrink: () => {
      count = Math.max(1, count >> 1);
    },
  };
}

/**
 * The blocks from one height to another, in their order. The next requests are under way while the blocks of one are
 * worked on; what fails is thrown when its turn comes. None of what it gives goes beyond a multiple of `aligned`.
 */
export async function* readInOrder(
  read: ReadSome,
  sizing: Sizing,
  aligned: number,
  from: number,
  to: number,
): AsyncGenerator<Block[]> {
  const underWay: Promise<Block[]>[] = [];
  let next = from;
  const begin = () => {
    while (next <= to && underWay.length < REQUESTS_AT_A_TIME) {
      const count = Math.min(sizing.count(), to - next + 1, aligned - ((next - 1) % aligned));
      const asked = readAll(read, next, count);
      next += count;
      asked.catch(() => {}); // it is thrown below, unless an earlier one was
      underWay.push(asked);
    }
  };
  begin();
  for (let first = underWay.shift(); first; first = underWay.shift()) {
    const blocks = await first;
    sizing.learn(blocks);
    begin();
    yield blocks;
  }
}

/** A node may give fewer at a time than it was asked for. */
async function readAll(read: ReadSome, from: number, count: number): Promise<Block[]> {
  const blocks: Block[] = [];
  while (blocks.length < count) {
    const some = await read(asHeight(from + blocks.length), count - blocks.length);
    if (some.length === 0) throw new RangeError('a reader gives no block, and does not say why');
    blocks.push(...some);
  }
  return blocks;
}
