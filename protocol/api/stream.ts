import { createParser, type EventSourceMessage } from 'eventsource-parser';
import { streamEventNames } from './events.ts';
import { ApiMismatch, ApiNotNow, ApiUnreachable } from './failure.ts';
import type { Parameters, StreamItemOf, StreamOperation } from './operation.ts';
import { failureOf, isGood, jsonOf, mismatch, type RequestOptions, reasonOf, requestOf, targetOf } from './request.ts';

/** An event, and the id that a later reader goes on behind. */
export type Followed<Item> = { id: string; item: Item };

export type FollowGiven<O extends StreamOperation> = {
  query?: Parameters<O['query']>;
  /** Id of the last event that was dealt with; left out: as the query says. */
  after?: string | undefined;
  signal?: AbortSignal | undefined;
  pace?: Partial<Pace>;
};

export type Pace = {
  /** After a stream that was of use the next one is asked for about so soon; null: as the server says. */
  pauseMs: number | null;
  /** A server that says nothing for so long is gone: it sends a heartbeat each 15 s. */
  silenceMs: number;
  /** So many streams in a row that came to nothing: it is given up. With MAX_PAUSE_MS: half an hour. */
  maxFailures: number;
};

const usualPace: Pace = { pauseMs: null, silenceMs: 45_000, maxFailures: 60 };
const USUAL_PAUSE_MS = 1_000;
const MAX_PAUSE_MS = 30_000;
/** A stream that lived so long was of use, though nothing happened in it. */
const LONG_LIFE_MS = 20_000;
/** The largest event is some kilobytes; a server that never ends a line must not fill the memory. */
const MAX_EVENT_LENGTH = 1024 * 1024;

/** Goes on until the signal. @throws ApiProblem, ApiMismatch; ApiNotNow, ApiUnreachable after many failures */
export async function* follow<O extends StreamOperation>(
  options: RequestOptions,
  operation: O,
  { query, after, signal, pace: given }: FollowGiven<O>,
): AsyncGenerator<Followed<StreamItemOf<O>>, void> {
  const pace = { ...usualPace, ...given };
  let pauseMs = pace.pauseMs ?? USUAL_PAUSE_MS;
  let last = after;
  let failures = 0;
  while (!signal?.aborted) {
    const startedAt = performance.now();
    let wasOfUse = false;
    let failure: unknown;
    try {
      const onRetry = (ms: number) => {
        if (pace.pauseMs === null) pauseMs = Math.min(ms, MAX_PAUSE_MS);
      };
      for await (const { id, event, data } of readOnce(options, operation, query ?? {}, last, {
        signal,
        onRetry,
        pace,
      })) {
        if (event === streamEventNames.end) break;
        last = id ?? last;
        if (event === streamEventNames.position) continue;
        const item = operation.item.safeParse(jsonOf(data));
        if (!item.success) throw mismatch(options.url, item.error);
        if (last === undefined) throw noStream(options.url);
        wasOfUse = true;
        yield { id: last, item: jsonOf(data) as StreamItemOf<O> };
      }
    } catch (error) {
      if (signal?.aborted) return;
      if (!(error instanceof ApiNotNow || error instanceof ApiUnreachable)) throw error;
      failure = error;
    }
    failures = wasOfUse || performance.now() - startedAt > LONG_LIFE_MS ? 0 : failures + 1;
    if (failures >= pace.maxFailures)
      throw failure ?? new ApiUnreachable(`the stream at ${options.url} ends each time before anything comes`);
    await pause(waitAfter(failures, pauseMs, failure), signal);
  }
}

/** Twice as long with each failure; not all clients of a server at the same moment. */
function waitAfter(failures: number, pauseMs: number, failure: unknown): number {
  const wanted = failure instanceof ApiNotNow ? (failure.retryAfterSeconds ?? 0) * 1000 : 0;
  const usual = Math.min(pauseMs * 2 ** Math.max(0, failures - 1), MAX_PAUSE_MS);
  return Math.max(wanted, usual * (0.5 + Math.random() / 2));
}

function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  if (signal?.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const go = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', go);
      resolve();
    };
    const timer = setTimeout(go, ms);
    signal?.addEventListener('abort', go);
  });
}

const noStream = (url: string) =>
  new ApiMismatch(`what answers at ${new URL(url).origin} is no stream of a KRYPTON API`);

type Reading = { signal: AbortSignal | undefined; onRetry: (ms: number) => void; pace: Pace };

/** One stream, to its end. @throws ApiProblem, ApiNotNow, ApiUnreachable, ApiMismatch */
async function* readOnce<O extends StreamOperation>(
  options: RequestOptions,
  operation: O,
  query: Record<string, unknown>,
  after: string | undefined,
  { signal, onRetry, pace }: Reading,
): AsyncGenerator<EventSourceMessage, void> {
  const url = options.url + targetOf(operation, { query });
  const headers: Record<string, string> = after === undefined ? {} : { 'last-event-id': after };
  const request = await requestOf(options, operation, { headers }, url);
  const over = new AbortController();
  const stop = () => over.abort(signal?.reason);
  signal?.addEventListener('abort', stop);
  const { origin } = new URL(url);
  /** No answer, and no more of it, within the time. */
  async function inTime<T>(work: Promise<T>): Promise<T> {
    const silent = new ApiUnreachable(`the API at ${origin} says nothing for ${pace.silenceMs / 1000} s`);
    const timer = setTimeout(() => over.abort(silent), pace.silenceMs);
    try {
      return await work;
    } catch (error) {
      if (error instanceof ApiUnreachable) throw error;
      throw new ApiUnreachable(`the stream of the API at ${origin} broke (${reasonOf(error)})`, { cause: error });
    } finally {
      clearTimeout(timer);
    }
  }
  try {
    if (signal?.aborted) return;
    const sent = { ...request, redirect: 'error', cache: 'no-store', signal: over.signal } as const;
    const response = await inTime(fetch(url, sent));
    if (!isGood(response.status)) {
      const retryAfter = response.headers.get('retry-after');
      throw failureOf(url, { status: response.status, retryAfter, body: jsonOf(await inTime(response.text())) });
    }
    if (!response.headers.get('content-type')?.startsWith('text/event-stream')) throw noStream(url);
    yield* messagesOf(response, inTime, onRetry);
  } finally {
    signal?.removeEventListener('abort', stop);
    over.abort();
  }
}

async function* messagesOf(
  { body, url }: Response,
  inTime: <T>(work: Promise<T>) => Promise<T>,
  onRetry: (ms: number) => void,
): AsyncGenerator<EventSourceMessage, void> {
  const messages: EventSourceMessage[] = [];
  const parser = createParser({
    onEvent: (message) => messages.push(message),
    onRetry,
    onError: (error) => {
      if (error.type === 'max-buffer-size-exceeded') throw noStream(url);
    },
    maxBufferSize: MAX_EVENT_LENGTH,
  });
  const reader = body?.getReader();
  const decoder = new TextDecoder();
  while (reader) {
    const { done, value } = await inTime(reader.read());
    if (done) return;
    parser.feed(decoder.decode(value, { stream: true }));
    yield* messages.splice(0);
  }
}
