import { sql } from 'kysely';
import type { Database } from '../../database/connection.ts';
import { isDatabaseUnavailable } from '../../database/errors.ts';
import { describe, type Logger } from '../../process/run.ts';
import type { EventName } from '../../protocol/contract/event.ts';
import type { Head } from '../head.ts';

/** The newest block that this process knows to be in the index. */
export type Point = { height: number; hash: string };

/** What an answer follows from: providers and registrations alone, or anything that the indexer writes. */
export type Source = 'registry' | 'everything';

/**
 * Answers from the chain's state that hold until a block changes it. They are kept in the process, as they are sent.
 */
export type Kept = {
  /** As of which block they hold; null while nobody can tell. */
  point(): Point | null;
  find(target: string): Buffer | undefined;
  /** Moves when answers are thrown away. */
  epoch(source: Source): number;
  /**
   * An answer that was asked for in an epoch, as of the block that it was read at. If either is over, it is not kept: it
   * may have been read just before.
   */
  keep(target: string, answered: { source: Source; epoch: number; at: Point; body: Buffer }): void;
  close(): void;
};

/** Of each source: a small share of a server's memory. */
const MAX_BYTES = 32 * 1024 * 1024;
/** One of these would push out thousands of others. */
const MAX_ANSWER_BYTES = 256 * 1024;
/** What a map holds besides the text, roughly. */
const ENTRY_BYTES = 200;

/** These change no provider and no registration: while calls are settled, there is one in almost every block. */
const elsewhere: readonly EventName[] = [
  'Deposited',
  'Withdrawn',
  'EscrowOpened',
  'EscrowExtended',
  'EscrowSettled',
  'ClaimRejected',
  'EscrowClosing',
  'EscrowClosed',
];

/** The announcement of a block is the only clock: while nobody listens for it, nothing is kept. */
export function createKept({ db, head, log }: { db: Database; head: Head; log: Logger }): Kept {
  const shelves = { registry: createShelf(), everything: createShelf() };
  let announced = -1;
  /** `generation`: how often the state was derived anew. */
  let point: (Point & { generation: number }) | null = null;
  let isLooking = false;
  let isWanted = false;

  function forget(): void {
    for (const shelf of Object.values(shelves)) shelf.clear();
  }

  /** A block without an event of the contract changes no answer. */
  async function look(): Promise<void> {
    const { rows } = await sql<
      Point & { generation: number; isOurs: boolean; isTouched: boolean; isRegistryTouched: boolean }
    >`
      select height, hash, generation,
        coalesce((select blocks.hash from blocks where blocks.height = ${point?.height ?? -1}), '') = ${point?.hash ?? ''}
          as is_ours,
        exists (select from events where events.height > ${point?.height ?? -1}) as is_touched,
        exists (select from events where events.height > ${point?.height ?? -1} and name <> all(${elsewhere}))
          as is_registry_touched
      from cursor`.execute(db);
    const [found] = rows;
    const goesOn =
      found && point && found.isOurs && found.height >= point.height && found.generation === point.generation;
    if (!goesOn || found.isRegistryTouched) forget();
    else if (found.isTouched) shelves.everything.clear();
    point = found ? { height: found.height, hash: found.hash, generation: found.generation } : null;
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
    find: (target) => shelves.registry.find(target) ?? shelves.everything.find(target),
    epoch: (source) => shelves[source].epoch(),
    keep: (target, { source, epoch: asked, at, body }) => {
      const shelf = shelves[source];
      if (!head.isListening() || asked !== shelf.epoch() || at.height !== point?.height || at.hash !== point.hash)
        return;
      if (body.length <= MAX_ANSWER_BYTES) shelf.add(target, body);
    },
    close: unhook,
  };
}

/** Of one source; the oldest make room for new ones. */
function createShelf() {
  const answers = new Map<string, Buffer>();
  let bytes = 0;
  let epoch = 0;
  return {
    find: (target: string) => answers.get(target),
    epoch: () => epoch,
    clear: () => {
      answers.clear();
      bytes = 0;
      epoch += 1;
    },
    add: (target: string, body: Buffer) => {
      if (answers.has(target)) return;
      bytes += body.length + target.length + ENTRY_BYTES;
      answers.set(target, body);
      for (const [oldest, { length }] of answers) {
        if (bytes <= MAX_BYTES) break;
        answers.delete(oldest);
        bytes -= length + oldest.length + ENTRY_BYTES;
      }
    },
  };
}
