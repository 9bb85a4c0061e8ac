import type { Block, ReadBlocks } from '../chain/blocks.ts';
import { readBlockHash, readHeight } from '../chain/blocks.ts';
import { NodeUnavailable, RpcError } from '../chain/errors.ts';
import type { Heads } from '../chain/heads.ts';
import type { Rpc } from '../chain/rpc.ts';
import type { Database } from '../database/connection.ts';
import { isDatabaseUnavailable } from '../database/errors.ts';
import { Outage } from '../process/outage.ts';
import type { Logger } from '../process/run.ts';
import { height as asHeight } from '../protocol/types/height.ts';
import { commitBlocks } from './commit.ts';
import { findCommonAncestor, rebuild } from './rebuild.ts';
import { type Position, readCursor } from './store.ts';

export type FollowDeps = {
  db: Database;
  rpc: Rpc;
  readBlocks: ReadBlocks;
  heads: Heads;
  log: Logger;
  /** A chain with one validator can lose its last blocks in a crash; a public one never takes a block back. */
  mayRollBack: boolean;
  signal: AbortSignal;
};

/** The chain is another one than the one that the database was built from. */
class ChainChanged extends Error {
  override name = 'ChainChanged';
}

/** So many blocks at a time: neo-go takes batches of 100 requests, and two are needed for a block. Fewer after a failure. */
const BLOCKS_AT_A_TIME = 50;
/** Blocks are committed together up to so many notifications: Postgres takes those in within seconds, and a stranger can make many. */
const NOTIFICATIONS_AT_A_TIME = 10_000;
/** neo-go writes its blocks to disk each second: a crash loses a handful. More is another chain. */
const MAX_ROLLBACK = 100;
const RETRY_MS = 1_000;
const PROGRESS_EVERY_MS = 5_000;
/** Public networks make a block each 3 to 15 s; a node without one for so long has lost touch with them. */
const STANDSTILL_MS = 120_000;

/** Follows the chain from `from` on until the signal. Waits out a node or database that is away. @throws ChainChanged, Contradiction */
export async function follow(deps: FollowDeps, from: Position): Promise<void> {
  const { heads, log, signal } = deps;
  let cursor = from;
  const outage = new Outage(log, 'waiting');
  let moved = Date.now();
  let unsure = false;
  let count = BLOCKS_AT_A_TIME;
  const progress = reportProgress(log);
  while (!signal.aborted) {
    const woken = heads.next();
    try {
      if (unsure) cursor = (await readCursor(deps.db)) ?? from;
      unsure = false;
      const head = await readHeight(deps.rpc);
      while (cursor.height < head && !signal.aborted) {
        const before = cursor.height;
        cursor = await advance(deps, cursor, Math.min(count, head - before));
        moved = Date.now();
        count = Math.max(1, Math.min(BLOCKS_AT_A_TIME, 2 * (cursor.height - before)));
        progress(cursor.height, head);
      }
      if (cursor.height > head) cursor = await checkShorterChain(deps, cursor, head);
      if (Date.now() - moved > STANDSTILL_MS) {
        moved = Date.now();
        throw new NodeUnavailable(`no new block for ${STANDSTILL_MS / 1000} s`);
      }
      if (outage.end()) log.info({ height: cursor.height }, 'following again');
      await woken;
    } catch (error) {
      const passing = error instanceof NodeUnavailable || error instanceof RpcError || isDatabaseUnavailable(error);
      if (!passing) throw error;
      outage.report(error);
      count = Math.max(1, count >> 1); // what they ask of node or database may be too much
      unsure = isDatabaseUnavailable(error); // a COMMIT may stand though its answer was lost
      if (error instanceof NodeUnavailable) deps.rpc.leave();
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }
}

async function advance(deps: FollowDeps, cursor: Position, count: number): Promise<Position> {
  const blocks = await deps.readBlocks(asHeight(cursor.height + 1), count);
  return isContinuous(cursor, blocks) ? commitBlocks(deps.db, cursor, firstOf(blocks)) : goBack(deps, cursor);
}

/** As many as may be committed together, at least one. */
export function firstOf(blocks: readonly Block[]): readonly Block[] {
  let notifications = 0;
  const end = blocks.findIndex((block, i) => {
    notifications += block.notifications.length;
    return i > 0 && notifications > NOTIFICATIONS_AT_A_TIME;
  });
  return end === -1 ? blocks : blocks.slice(0, end);
}

/** Each block must name the one before it by its hash, the first one the block that the index ends with. */
function isContinuous(cursor: Position, blocks: readonly Block[]): boolean {
  return blocks.every((block, i) => {
    const previous = blocks[i - 1] ?? cursor;
    return block.height === previous.height + 1 && block.previousHash === previous.hash;
  });
}

/** A node that is behind is waited for, unless its newest block is not ours. @throws NodeUnavailable */
async function checkShorterChain(deps: FollowDeps, cursor: Position, head: number): Promise<Position> {
  const hash = await readBlockHash(deps.rpc, asHeight(head));
  const ours = await deps.db.selectFrom('blocks').select('hash').where('height', '=', head).executeTakeFirst();
  if (hash !== null && ours && ours.hash !== hash) return goBack(deps, cursor);
  throw new NodeUnavailable(`the node is behind: it does not have block ${cursor.height} any more, or not yet`);
}

async function goBack(deps: FollowDeps, cursor: Position): Promise<Position> {
  const { db, rpc, log, mayRollBack } = deps;
  const ancestor = mayRollBack
    ? await findCommonAncestor(db, (index) => readBlockHash(rpc, asHeight(index)), cursor, MAX_ROLLBACK)
    : null;
  if (!ancestor) {
    throw new ChainChanged(
      `the node's chain is not the one that this database was built from (block ${cursor.height} was ${cursor.hash}). ` +
        'If the devnet was reset, its database has to go too: npm run reset. On a public network, point KRYPTON_RPC_URL to another node.',
    );
  }
  log.warn(
    { from: cursor.height, to: ancestor.height },
    'the chain has lost its last blocks (a node was killed): going back to the last common one',
  );
  await rebuild(db, cursor, ancestor);
  return ancestor;
}

/** Says how far a long catch-up has come. */
function reportProgress(log: Logger): (height: number, head: number) => void {
  let last = Date.now();
  return (height, head) => {
    if (height === head || Date.now() - last < PROGRESS_EVERY_MS) return;
    last = Date.now();
    log.info({ height, head, left: head - height }, 'catching up');
  };
}
