import type { Context } from 'hono';
import type { Database } from '../../database/connection.ts';
import type { Logger } from '../../process/run.ts';
import { type CdrEntry, cdrSource, type StateFilter } from '../cdrs/states.ts';
import type { Head } from '../head.ts';
import type { Env } from '../http/env.ts';
import { Refusal } from '../http/problem.ts';
import { type ChainEntry, chainSource, type EventFilter } from './chain-events.ts';
import { createFeed, type Entry, type Feed } from './feed.ts';
import { createSeats } from './seats.ts';
import { framesOf, reply, type Start, streamHeaders, usualTiming } from './stream.ts';

export type Streams = {
  chain: Feed<ChainEntry, EventFilter>;
  cdrs: Feed<CdrEntry, StateFilter>;
  /** Answers with a stream. @throws Refusal where the client, or all clients together, have too many */
  open<E extends Entry, F>(c: Context<Env>, feed: Feed<E, F>, client: string, start: Start, filter: F): Response;
  /** Ends all of them, with a reason. */
  stop(): void;
};

/** A socket and up to some 100 KB each: 200 MB where all of them are slow. */
const MAX_STREAMS = 2_000;
const SEAT_AGAIN_S = '10';

type StreamsDeps = { db: Database; head: Head; log: Logger; perClient: number };

export function createStreams({ db, head, log, perClient }: StreamsDeps): Streams {
  const [chain, cdrs] = [createFeed(chainSource(db), log), createFeed(cdrSource(db, log), log)];
  const seats = createSeats({ total: MAX_STREAMS, each: perClient });
  const stopping = new AbortController();
  const unhook = head.onMove(() => {
    chain.wake();
    cdrs.wake(); // most changes of state come with a block
  });

  function open<E extends Entry, F>(c: Context<Env>, feed: Feed<E, F>, client: string, start: Start, filter: F) {
    if (c.req.raw.method === 'HEAD') return c.body(null, 200, streamHeaders);
    const leaveSeat = seats.take(client);
    if (!leaveSeat)
      throw new Refusal(
        'tooManyStreams',
        `at most ${perClient} streams at a time of one client, of all ${MAX_STREAMS}`,
        {
          headers: { 'Retry-After': SEAT_AGAIN_S },
        },
      );
    const leaveFeed = feed.join();
    feed.wake();
    return reply(c, {
      frames: (left) => framesOf(feed, start, filter, { left, stopping: stopping.signal, timing: usualTiming }),
      log,
      timing: usualTiming,
      onEnd: () => {
        leaveFeed();
        leaveSeat();
      },
    });
  }

  function stop(): void {
    unhook();
    stopping.abort();
    chain.rouse();
    cdrs.rouse();
  }

  return { chain, cdrs, open, stop };
}
