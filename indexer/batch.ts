import type { Block } from '../chain/blocks.ts';

/** Notifications that are committed together: they cost one commit, and Postgres takes them in within 0.1 s. */
const NOTIFICATIONS_AT_A_TIME = 2_000;
/** Blocks of a quiet chain that are committed together. */
const BLOCKS_AT_A_TIME = 500;

/**
 * The same blocks, as many together as are to be committed at once: whole blocks, one at least, and never beyond a
 * multiple of `aligned`, of which the digests are kept. A block is handed on at once where no more follow.
 */
export async function* inBatches(
  read: AsyncIterable<readonly Block[]>,
  aligned: number,
): AsyncGenerator<[Block, ...Block[]]> {
  let batch: Block[] = [];
  let notifications = 0;
  for await (const blocks of read) {
    for (const block of blocks) {
      if (isOf(batch) && notifications + block.notifications.length > NOTIFICATIONS_AT_A_TIME) {
        yield batch;
        [batch, notifications] = [[], 0];
      }
      batch.push(block);
      notifications += block.notifications.length;
      if (isOf(batch) && (batch.length >= BLOCKS_AT_A_TIME || block.height % aligned === 0)) {
        yield batch;
        [batch, notifications] = [[], 0];
      }
    }
  }
  if (isOf(batch)) yield batch;
}

const isOf = (batch: Block[]): batch is [Block, ...Block[]] => batch.length > 0;
