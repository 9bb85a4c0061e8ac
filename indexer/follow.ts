import type { Block, ReadBlocks } from '../chain/blocks.ts';
import { readBlockHash, readHeight } from '../chain/blocks.ts';
import { NodeRefuses, NodeUnavailable, RpcError, WrongChain } from '../chain/errors.ts';
import type { Heads, Told } from '../chain/heads.ts';
import type { Node } from '../chain/node.ts';
import type { Rpc } from '../chain/rpc.ts';
import type { Database } from '../database/connection.ts';
import { isDatabaseUnavailable } from '../database/errors.ts';
import { Outage } from '../process/outage.ts';
import type { Logger } from '../process/run.ts';
import { height as asHeight } from '../protocol/types/height.ts';
import { openWriter, TablesChanged, type Writer } from './commit.ts';
import { createSizing, readInOrder, type Sizing } from './fetch.ts';
import { reportProgress } from './progress.ts';
import { findCommonAncestor, rollBack } from './rollback.ts';
import { createSecondOpinion, type SecondOpinion } from './second-opinion.ts';
import { type Position, readCursor } from './store.ts';
import { DIGEST_EVERY } from './write.ts';

export type FollowDeps = {
  db: Database;
  rpc: Rpc;
  readBlocks: ReadBlocks;
  heads: Heads;
  log: Logger;
  /** A chain with one validator can lose its last blocks in a crash; a public one never takes a block back. */
  mayRollBack: boolean;
  /** One of so many blocks is read from all other nodes too. */
  checkEvery: number;
  signal: AbortSignal;
  /** The wait after a failure. */
  retryMs?: number;
};

/** The chain of all nodes is another one than the one that the database was built from. */
class ChainChanged extends Error {
  override name = 'ChainChanged';
}

/** neo-go writes its blocks to disk each second: a crash loses a handful. More is another chain. */
const MAX_ROLLBACK = 100;
const RETRY_MS = 1_000;
/** Public networks make a block each 3 to 15 s; a node without one for so long has lost touch with them. */
const STANDSTILL_MS = 120_000;

/** How far a follower has come. */
type Progress = {
  /** Where the database stands, as far as we know. */
  cursor: Position;
  /** Null where what it keeps in memory may hold no longer. */
  writer: Writer | null;
  sizing: Sizing;
  /** When the chain last grew, by this process's clock. */
  movedAt: number;
  say: (height: number, head: number) => void;
  secondOpinion: SecondOpinion;
};

/**
 * Follows the chain from `from` on until the signal. Waits while node or database is away, and leaves a node that is
 * behind others, stands still, or is of another chain.
 * @throws ChainChanged, WrongNetwork, Contradiction, Disagreement
 */
export async function follow(deps: FollowDeps, from: Position): Promise<void> {
  const { heads, log, rpc, signal } = deps;
  const progress: Progress = {
    cursor: from,
    writer: null,
    sizing: createSizing(),
    movedAt: Date.now(),
    say: reportProgress(log),
    secondOpinion: createSecondOpinion({ ...deps, unchecked: new Outage(log, 'no second opinion on a block yet') }),
  };
  const outage = new Outage(log, 'waiting');
  let told: Told | null = null;
  while (!signal.aborted) {
    const woken = heads.next();
    try {
      await rpc.lookAround();
      const newest = told;
      await rpc.use((node) => catchUp(deps, progress, node, newest));
      if (outage.end()) log.info({ height: progress.cursor.height }, 'following again');
      told = await woken;
    } catch (error) {
      if (error instanceof WrongChain) throw new ChainChanged(adviceOnChange(progress.cursor), { cause: error });
      if (!isPassing(error)) throw error;
      outage.report(error);
      told = null;
      progress.sizing.shrink();
      await new Promise((resolve) => setTimeout(resolve, deps.retryMs ?? RETRY_MS));
    }
  }
}

const isPassing = (error: unknown): boolean =>
  error instanceof NodeUnavailable ||
  error instanceof RpcError ||
  error instanceof TablesChanged ||
  isDatabaseUnavailable(error);

/**
 * Takes in what this node has. @throws NodeUnavailable where another one may have more · WrongChain where it is none of
 * ours
 */
async function catchUp(deps: FollowDeps, progress: Progress, node: Node, told: Told | null): Promise<void> {
  const head = await readHead(progress, node, told);
  for (;;) {
    const writer = progress.writer ?? (await open(deps, progress));
    if (deps.signal.aborted || progress.cursor.height === head) break;
    if (progress.cursor.height > head) await checkShorterChain(deps, progress, node, head);
    else await takeIn(deps, progress, writer, node, head);
  }
  if (Date.now() - progress.movedAt > STANDSTILL_MS) {
    progress.movedAt = Date.now();
    throw new NodeUnavailable(`no new block for ${STANDSTILL_MS / 1000} s`);
  }
}

/** A node that has told of the very next block need not be asked for its height. */
async function readHead({ cursor }: Progress, node: Node, told: Told | null): Promise<number> {
  if (told?.wsUrl === node.wsUrl && told.height === cursor.height + 1) return told.height;
  return readHeight(node);
}

/** What stands in the database: a commit may stand though its answer was lost. */
async function open({ db }: FollowDeps, progress: Progress): Promise<Writer> {
  const cursor = await readCursor(db);
  if (!cursor) throw new Error('the database holds no index any more');
  progress.cursor = { height: cursor.height, hash: cursor.hash };
  progress.writer = await openWriter(db, cursor);
  return progress.writer;
}

/** While blocks are written, the next ones are taken in, and those behind them are read. */
async function takeIn(deps: FollowDeps, progress: Progress, writer: Writer, node: Node, head: number): Promise<void> {
  const { sizing, secondOpinion } = progress;
  const read = readInOrder(
    (from, count) => deps.readBlocks(node, from, count),
    sizing,
    DIGEST_EVERY,
    progress.cursor.height + 1,
    head,
  );
  let writing: Promise<void> = Promise.resolve();
  const write = async () => {
    const prepared = writer.prepare();
    await writing;
    if (!prepared) return;
    writing = writer.commit(prepared).then((cursor) => {
      progress.cursor = cursor;
      progress.movedAt = Date.now();
      progress.say(cursor.height, head);
    });
    writing.catch(() => {}); // it is thrown where it is waited for
  };
  try {
    for await (const blocks of read) {
      if (deps.signal.aborted) break;
      if (!isContinuous(writer.position(), blocks)) {
        await writing;
        return await goBack(deps, progress, node);
      }
      await secondOpinion.ask(node, blocks);
      if (writer.isFull()) {
        await writing;
        writer.drop();
      }
      await writer.take(blocks);
      if (writer.isDue()) await write();
    }
    await write();
    await writing;
  } catch (error) {
    progress.writer = null;
    await writing.catch(() => {}); // the first failure is the one that is told
    throw error;
  }
}

/** Each block must name the one before it by its hash, the first one the block that the index ends with. */
function isContinuous(position: Position, blocks: readonly Block[]): boolean {
  return blocks.every((block, i) => {
    const previous = blocks[i - 1] ?? position;
    return block.height === previous.height + 1 && block.previousHash === previous.hash;
  });
}

/** Wait for a node that is behind, unless its newest block is not ours. @throws NodeUnavailable */
async function checkShorterChain(deps: FollowDeps, progress: Progress, node: Node, head: number): Promise<void> {
  const hash = await readBlockHash(node, asHeight(head));
  const ours = await deps.db.selectFrom('blocks').select('hash').where('height', '=', head).executeTakeFirst();
  if (hash !== null && ours && ours.hash !== hash) return goBack(deps, progress, node);
  throw new NodeUnavailable(
    `the node is behind: it does not have block ${progress.cursor.height} any more, or not yet`,
  );
}

/**
 * This node's blocks do not follow on ours. Go back only where a chain can lose blocks, and no other node still has
 * them: else it is this node that is wrong. @throws NodeRefuses, WrongChain
 */
async function goBack(deps: FollowDeps, progress: Progress, node: Node): Promise<void> {
  const { db, rpc, log, mayRollBack } = deps;
  const { cursor } = progress;
  progress.writer = null;
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
  await rollBack(db, cursor, ancestor);
}

const adviceOnChange = (cursor: Position) =>
  `the chain of every node that answers is not the one that this database was built from (block ${cursor.height} was ${cursor.hash}). ` +
  'If the devnet was reset, its database has to go too: npm run reset. On a public network, point KRYPTON_RPC_URL to another node';
