import { sql } from 'kysely';
import type { Database } from '../../database/connection.ts';
import { isDatabaseUnavailable } from '../../database/errors.ts';
import { describe, type Logger } from '../../process/run.ts';
import type { Head } from '../head.ts';

/** The newest block that this process knows to be in the index. */
export type Point = { height: number; hash: string };

/**
 * Answers from the chain's state that hold until a block changes it. They are kept in the process, as they are sent.
 */
export type Kept = {
  /** As of which block they hold; null while nobody can tell. */
  point(): Point | null;
  find(target: string): Buffer | undefined;
  /** Moves when answers are thrown away. */
  epoch(): number;
  /**
   * An answer that was asked for in an epoch, as of the block that it was read at. If either is over, it is not kept: it
   * may have been read just before.
   */
  keep(target: string, answered: { epoch: number; at: Point; body: string }): void;
  close(): void;
};

/** A small share of a server's memory. */
const MAX_BYTES = 64 * 1024 * 1024;
/** One of these would push out thousands of others. */
const MAX_ANSWER_BYTES = 256 * 1024;
/** What a map holds besides the text, roughly. */
const ENTRY_BYTES = 200;

/** The announcement of a block is the only clock: while nobody listens for it, nothing is kept. */
export function createKept({ db, head, log }: { db: Database; head: Head; log: Logger }): Kept {
  const answers = new Map<string, Buffer>();
  let bytes = 0;
  let epoch = 0;
  let announced = -1;
  let point: Point | null = null;
  let isLooking = false;
  let isWanted = false;

  function forget(): void {
    answers.clear();
    bytes = 0;
    epoch += 1;
  }

  /** A block without an event of the contract changes no answer. */
  async function look(): Promise<void> {
    const { rows } = await sql<Point & { isOurs: boolean; isTouched: boolean }>`
      select height, hash,
        coalesce((select blocks.hash from blocks where blocks.height = ${point?.height ?? -1}), '') = ${point?.hash ?? ''}
          as is_ours,
        exists (select from events where events.height > ${point?.height ?? -1}) as is_touched
      from cursor`.execute(db);
    const [found] = rows;
    const goesOn = found && point && found.isOurs && !found.isTouched && found.height >= point.height;
    if (!goesOn) forget();
    point = found ? { height: found.height, hash: found.hash } : null;
  }

  async function lookUntilKnown(): Promise<void> {
    isLooking = true;
    try {
      while (isWanted) {
        isWanted = false;
        await look();
      }
    } catch (error) {
      point = null;
      forget();
      if (isDatabaseUnavailable(error)) log.debug(describe(error));
      else log.error(error, 'answers are not kept');
    } finally {
      isLooking = false;
    }
  }

  const unhook = head.onMove((height) => {
    // no new block: the chain has lost some, or the state was derived anew
    if (height <= announced) forget();
    announced = height;
    isWanted = true;
    if (!isLooking) void lookUntilKnown();
  });

  return {
    point: () => (head.isListening() ? point : null),
    find: (target) => answers.get(target),
    epoch: () => epoch,
    keep: (target, { epoch: asked, at, body }) => {
      if (!head.isListening() || asked !== epoch || at.height !== point?.height || at.hash !== point.hash) return;
      const answer = Buffer.from(body);
      if (answer.length > MAX_ANSWER_BYTES || answers.has(target)) return;
      bytes += answer.length + target.length + ENTRY_BYTES;
      answers.set(target, answer);
      for (const [oldest, { length }] of answers) {
        if (bytes <= MAX_BYTES) break;
        answers.delete(oldest);
        bytes -= length + oldest.length + ENTRY_BYTES;
      }
    },
    close: unhook,
  };
}
