import { setTimeout as sleep } from 'node:timers/promises';
import type { Context } from 'hono';
import { isDatabaseUnavailable } from '../../database/errors.ts';
import type { Logger } from '../../process/run.ts';
import { type EndCode, endCodes, streamEventNames } from '../../protocol/api/events.ts';
import type { Env } from '../http/env.ts';
import type { Entry, Feed } from './feed.ts';
import { frame } from './frame.ts';

/** Proxies close what says nothing for a minute. */
const HEARTBEAT_MS = 15_000;
/** How long a client waits until it asks again. */
const RETRY_MS = 2_000;
/** What is written at a time; with the socket's own buffer, the most that waits for one reader. */
const CHUNK_LENGTH = 32 * 1024;
/** A reader on a bad line gets so long for a chunk; then again so long to see why it was dropped. */
const SLOW_MS = 30_000;
const GRACE_MS = 5_000;

export type Start = {
  /** null: behind what is known now. */
  after: bigint | null;
  /** So long the reader may read; null: without an end. */
  remainingMs: number | null;
  /** The reader knows of what was taken back up to then. */
  generation: bigint;
  /** Said before all else. */
  prelude: string;
};

export type Timing = { heartbeatMs: number; slowMs: number; graceMs: number };

export const usualTiming: Timing = { heartbeatMs: HEARTBEAT_MS, slowMs: SLOW_MS, graceMs: GRACE_MS };

const endFrame = (code: EndCode) => frame(streamEventNames.end, JSON.stringify({ code, detail: endCodes[code] }));

/**
 * All that one reader is sent, in pieces. It ends with a reason, unless the reader has left. Where nothing for this
 * reader happens, a heartbeat tells the place all the same, so that going on later does not search for it again.
 */
export async function* framesOf<E extends Entry, F>(
  feed: Feed<E, F>,
  { after, remainingMs, generation, prelude }: Start,
  filter: F,
  { left, stopping, timing }: { left: AbortSignal; stopping: AbortSignal; timing: Timing },
): AsyncGenerator<string, void> {
  let saidAt = performance.now();
  const endsAt = remainingMs === null ? Number.POSITIVE_INFINITY : saidAt + remainingMs;
  const untilHeartbeat = () => saidAt + timing.heartbeatMs - performance.now();
  yield `retry: ${RETRY_MS}\n\n${prelude}`;
  let place = after;
  let said: bigint | null = null;
  let epoch: number | null = null;
  while (!left.aborted) {
    if (stopping.aborted) return yield endFrame('serverStopping');
    if (performance.now() >= endsAt) return yield endFrame('delegationExpired');
    const known = feed.known();
    if (known && known.generation >= generation) {
      if (known.generation > generation || known.epoch !== (epoch ?? known.epoch)) return yield endFrame('rolledBack');
      epoch = known.epoch;
      place ??= known.newest;
      if (said === null && place <= known.newest) {
        said = place;
        yield frame(streamEventNames.position, '{}', feed.idOf(place, generation));
      }
      if (place < known.newest) {
        const { entries, reached } = await feed.next(place, filter);
        for (const chunk of chunksOf(feed, entries, generation)) {
          yield chunk;
          saidAt = performance.now();
        }
        place = reached;
        said = entries.at(-1)?.key ?? said;
      }
    }
    if (untilHeartbeat() <= 0) {
      const hasMoved = place !== null && said !== null && place !== said;
      if (hasMoved) said = place;
      yield hasMoved && place !== null
        ? frame(streamEventNames.position, '{}', feed.idOf(place, generation))
        : ': still here\n\n';
      saidAt = performance.now();
    }
    const now = feed.known();
    const isBehind = now && now.generation >= generation && (place ?? 0n) < now.newest;
    if (!isBehind) await feed.moved(Math.min(untilHeartbeat(), endsAt - performance.now()), left);
  }
}

function* chunksOf<E extends Entry, F>(feed: Feed<E, F>, entries: E[], generation: bigint): Generator<string> {
  let chunk = '';
  for (const entry of entries) {
    chunk += feed.frameOf(entry, generation);
    if (chunk.length < CHUNK_LENGTH) continue;
    yield chunk;
    chunk = '';
  }
  if (chunk !== '') yield chunk;
}

export const streamHeaders = {
  'Content-Type': 'text/event-stream',
  'Cache-Control': 'no-store, no-transform',
  'X-Accel-Buffering': 'no', // nginx would hold events back
};

export type Reply = {
  frames: (left: AbortSignal) => AsyncGenerator<string, void>;
  log: Logger;
  /** Once, whichever way it ends. */
  onEnd: () => void;
  timing: Timing;
};

/** Sends the frames as they are asked for: the next one is made once the one before is with the socket. */
export function reply(c: Context<Env>, { frames, log, onEnd, timing }: Reply): Response {
  const leaving = new AbortController();
  const made = frames(leaving.signal);
  const encoder = new TextEncoder();
  let slow: NodeJS.Timeout | undefined;
  let isOver = false;

  const over = () => {
    if (isOver) return;
    isOver = true;
    clearTimeout(slow);
    leaving.abort();
    onEnd();
  };
  const end = (controller: ReadableStreamDefaultController<Uint8Array>, code: EndCode) => {
    over();
    controller.enqueue(encoder.encode(endFrame(code)));
    controller.close();
  };
  const drop = async (controller: ReadableStreamDefaultController<Uint8Array>) => {
    end(controller, 'slowReader');
    await sleep(timing.graceMs, undefined, { ref: false });
    const { outgoing } = c.env;
    if (outgoing && !outgoing.writableFinished) outgoing.destroy();
  };

  const body = new ReadableStream<Uint8Array>(
    {
      pull: async (controller) => {
        clearTimeout(slow);
        try {
          const { done, value } = await made.next();
          if (isOver) return; // the reader has left meanwhile
          if (done) {
            over();
            controller.close();
            return;
          }
          controller.enqueue(encoder.encode(value));
          slow = setTimeout(() => void drop(controller), timing.slowMs);
        } catch (error) {
          if (isOver) return;
          if (!isDatabaseUnavailable(error)) log.error(error, 'a stream failed');
          end(controller, isDatabaseUnavailable(error) ? 'databaseUnavailable' : 'internal');
        }
      },
      cancel: over,
    },
    { highWaterMark: 0 },
  );
  return c.body(body, 200, streamHeaders);
}
