import type { Block, ReadBlocks } from '../chain/blocks.ts';
import { readBlockHash, readHeight } from '../chain/blocks.ts';
import { NodeRefuses, NodeUnavailable, RpcError, WrongChain } from '../chain/errors.ts';
import type { Heads } from '../chain/heads.ts';
import type { Node } from '../chain/node.ts';
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

/** The chain of all nodes is another one than the one that the database was built from. */
class ChainChanged extends Error {
  override name = 'ChainChanged';
}

/**
 * So many blocks at a time: neo-go takes batches of 100 requests, and two are needed for a block. Fewer after a
 * failure.
 */
const BLOCKS_AT_A_TIME = 50;
/**
 * Blocks are committed together up to so many notifications: Postgres takes those in within seconds, and a stranger can
 * make many.
 */
const NOTIFICATIONS_AT_A_TIME = 10_000;
/** neo-go writes its blocks to disk each second: a crash loses a handful. More is another chain. */
const MAX_ROLLBACK = 100;
const RETRY_MS = 1_000;
const PROGRESS_EVERY_MS = 5_000;
/** Public networks make a block each 3 to 15 s; a node without one for so long has lost touch with them. */
const STANDSTILL_MS = 120_000;

/** How far a follower has come. */
type Progress = {
  cursor: Position;
  /** How many blocks are asked for at a time. */
  count: number;
  /** When the chain last grew, by this process's clock. */
  movedAt: number;
  say: (height: number, head: number) => void;
};

/**
 * Follows the chain from `from` on until the signal. Waits while node or database is away, and leaves a node that is
 * behind others, stands still, or is of another chain.
 * @throws ChainChanged, WrongNetwork, Contradiction
 */
export async function follow(deps: FollowDeps, from: Position): Promise<void> {
  const { heads, log, rpc, signal } = deps;
  const progress = { cursor: from, count: BLOCKS_AT_A_TIME, movedAt: Date.now(), say: reportProgress(log) };
  const outage = new Outage(log, 'waiting');
  let unsure = false;
  while (!signal.aborted) {
    const woken = heads.next();
    try {
      if (unsure) progress.cursor = (await readCursor(deps.db)) ?? from;
      unsure = false;
      await rpc.lookAround();
      await rpc.use((node) => catchUp(deps, progress, node));
      if (outage.end()) log.info({ height: progress.cursor.height }, 'following again');
      await woken;
    } catch (error) {
      if (error instanceof WrongChain) throw new ChainChanged(adviceOnChange(progress.cursor), { cause: error });
      const passing = error instanceof NodeUnavailable || error instanceof RpcError || isDatabaseUnavailable(error);
      if (!passing) throw error;
      outage.report(error);
      progress.count = Math.max(1, progress.count >> 1); // what they ask of node or database may be too much
      unsure = isDatabaseUnavailable(error); // a COMMIT may stand though its answer was lost
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }
}

/**
 * Takes in what this node has. @throws NodeUnavailable where another one may have more · WrongChain where it is none of
 * ours
 */
async function catchUp(deps: FollowDeps, progress: Progress, node: Node): Promise<void> {
  const head = await readHeight(node);
  while (progress.cursor.height < head && !deps.signal.aborted) {
    const before = progress.cursor.height;
    progress.cursor = await advance(deps, node, progress.cursor, Math.min(progress.count, head - before));
    progress.movedAt = Date.now();
    progress.count = Math.max(1, Math.min(BLOCKS_AT_A_TIME, 2 * (progress.cursor.height - before)));
    progress.say(progress.cursor.height, head);
  }
  if (progress.cursor.height > head) progress.cursor = await checkShorterChain(deps, node, progress.cursor, head);
  if (Date.now() - progress.movedAt > STANDSTILL_MS) {
    progress.movedAt = Date.now();
    throw new NodeUnavailable(`no new block for ${STANDSTILL_MS / 1000} s`);
  }
}

async function advance(deps: FollowDeps, node: Node, cursor: Position, count: number): Promise<Position> {
  const blocks = await deps.readBlocks(node, asHeight(cursor.height + 1), count);
  return isContinuous(cursor, blocks) ? commitBlocks(deps.db, cursor, firstOf(blocks)) : goBack(deps, node, cursor);
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

/** Wait for a node that is behind, unless its newest block is not ours. @throws NodeUnavailable */
async function checkShorterChain(deps: FollowDeps, node: Node, cursor: Position, head: number): Promise<Position> {
  const hash = await readBlockHash(node, asHeight(head));
  const ours = await deps.db.selectFrom('blocks').select('hash').where('height', '=', head).executeTakeFirst();
  if (hash !== null && ours && ours.hash !== hash) return goBack(deps, node, cursor);
  throw new NodeUnavailable(`the node is behind: it does not have block ${cursor.height} any more, or not yet`);
}

/**
 * This node's blocks do not follow on ours. Go back only where a chain can lose blocks, and no other node still has
 * them: else it is this node that is wrong. @throws NodeRefuses, WrongChain
 */
async function goBack(deps: FollowDeps, node: Node, cursor: Position): Promise<Position> {
  const { db, rpc, log, mayRollBack } = deps;
  const at = asHeight(cursor.height);
  const theirs = await readBlockHash(node, at);
  if (theirs === cursor.hash) throw new NodeRefuses(`${node.name} contradicts itself behind block ${at}`);
  const wrong = new WrongChain(`block ${at} of ${node.name} is ${theirs ?? 'missing'}, ours is ${cursor.hash}`);
  if (!mayRollBack) throw wrong;
  const others = await rpc.everyone((other) => readBlockHash(other, at));
  if (others.some(({ value }) => value === cursor.hash)) throw wrong;
  const ancestor = await findCommonAncestor(db, (index) => readBlockHash(node, asHeight(index)), cursor, MAX_ROLLBACK);
  if (!ancestor) throw wrong;
  log.warn(
    { from: cursor.height, to: ancestor.height },
    'the chain has lost its last blocks (a node was killed): going back to the last common one',
  );
  await rebuild(db, cursor, ancestor);
  return ancestor;
}

const adviceOnChange = (cursor: Position) =>
  `the chain of every node that answers is not the one that this database was built from (block ${cursor.height} was ${cursor.hash}). ` +
  'If the devnet was reset, its database has to go too: npm run reset. On a public network, point KRYPTON_RPC_URL to another node';

/** Says how far a long catch-up has come. */
function reportProgress(log: Logger): (height: number, head: number) => void {
  let last = Date.now();
  return (height, head) => {
    if (height === head || Date.now() - last < PROGRESS_EVERY_MS) return;
    last = Date.now();
    log.info({ height, head, left: head - height }, 'catching up');
  };
}
