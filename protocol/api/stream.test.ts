import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { createKey } from '../sign/key.ts';
import { createClient } from './client.ts';
import { streamCdrEvents, streamEvents } from './events.ts';
import { ApiMismatch, ApiProblem, ApiUnreachable } from './failure.ts';
import type { FollowGiven } from './stream.ts';

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

let server: Server | undefined;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

/** Answers one request after the other; the last answer stands. Keeps what was asked. */
async function serve(...answers: Answer[]) {
  const asked: IncomingMessage[] = [];
  const started = createServer((request, response) => {
    asked.push(request);
    answers[Math.min(asked.length, answers.length) - 1]?.(request, response);
  });
  server = started;
  await new Promise<void>((resolve) => started.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${(started.address() as AddressInfo).port}`, asked };
}

const eventOf = (height: number) => ({
  event: 'Deposited',
  height,
  position: 0,
  time: '2026-01-01T00:00:00.000Z',
  txHash: `0x${'0'.repeat(64)}`,
  amount: '5',
});
const frameOf = (height: number) => `id: ${height}.0\nevent: Deposited\ndata: ${JSON.stringify(eventOf(height))}\n\n`;
const position = (id: string) => `id: ${id}\nevent: position\ndata: {}\n\n`;
const end = 'event: end\ndata: {"code":"serverStopping","detail":""}\n\n';

/** Sends it, and then ends in order, breaks, or goes on. */
const streaming =
  (text: string, then: 'end' | 'break' | 'stay' = 'stay'): Answer =>
  (_, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(`retry: 5\n\n${text}`, () => {
      if (then === 'end') response.end();
      if (then === 'break') setTimeout(() => response.destroy(), 20);
    });
  };
const refusing =
  (status: number, code: string, headers: Record<string, string> = {}): Answer =>
  (_, response) => {
    response.writeHead(status, { 'content-type': 'application/problem+json', ...headers });
    response.end(JSON.stringify({ type: '', title: '', status, code, detail: '', errors: [] }));
  };

type Given = FollowGiven<typeof streamEvents>;

async function takeIds(url: string, count: number, given: Given = {}): Promise<string[]> {
  const ids: string[] = [];
  for await (const { id } of createClient({ url }).follow(streamEvents, given)) {
    ids.push(id);
    if (ids.length === count) break;
  }
  return ids;
}

const idsAsked = (asked: IncomingMessage[]) => asked.map(({ headers }) => headers['last-event-id']);

describe('a stream is taken up again where it ended', () => {
  test('in order, broken, or within an event', async () => {
    const { url, asked } = await serve(
      streaming(frameOf(1) + frameOf(2), 'end'),
      streaming(frameOf(3) + frameOf(4).slice(0, 60), 'break'),
      streaming(frameOf(4) + end),
      streaming(frameOf(5)),
    );
    expect(await takeIds(url, 5, { query: { since: 1 } })).toEqual(['1.0', '2.0', '3.0', '4.0', '5.0']);
    expect(idsAsked(asked)).toEqual([undefined, '2.0', '3.0', '4.0']);
    expect(asked[3]?.url).toBe('/v1/events?since=1');
  });

  test('also where nothing came but a place', async () => {
    const { url, asked } = await serve(streaming(position('7'), 'break'), streaming(frameOf(9)));
    expect(await takeIds(url, 1)).toEqual(['9.0']);
    expect(idsAsked(asked)).toEqual([undefined, '7']);
  });

  test('with a new signature, which covers where it goes on', async () => {
    const { url, asked } = await serve(streaming('', 'end'), refusing(401, 'signatureExpired'));
    const client = createClient({ url, signer: createKey() });
    await expect(client.follow(streamCdrEvents, { after: '12' }).next()).rejects.toThrow('signatureExpired');
    const inputs = asked.map(({ headers }) => String(headers['signature-input']));
    expect(inputs[0]).toContain('"last-event-id"');
    expect(new Set(inputs).size).toBe(2);
  });

  test('after a refusal for now: when the server says', async () => {
    const { url } = await serve(refusing(429, 'tooManyStreams', { 'retry-after': '1' }), streaming(frameOf(1)));
    const started = performance.now();
    expect(await takeIds(url, 1)).toEqual(['1.0']);
    expect(performance.now() - started).toBeGreaterThan(950);
  });

  test('after silence', async () => {
    const { url, asked } = await serve(streaming(frameOf(1)), streaming(frameOf(2)));
    expect(await takeIds(url, 2, { pace: { silenceMs: 100 } })).toEqual(['1.0', '2.0']);
    expect(asked).toHaveLength(2);
  });
});

describe('it is given up', () => {
  test('where asking again does not help', async () => {
    const { url, asked } = await serve(refusing(409, 'unknownPosition'));
    await expect(takeIds(url, 1, { after: '7' })).rejects.toThrow(ApiProblem);
    expect(asked).toHaveLength(1);
  });

  test('where what answers is no stream, or no event of ours', async () => {
    const page: Answer = (_, response) => void response.writeHead(200, { 'content-type': 'text/html' }).end('hello');
    const strange = 'id: 1.0\nevent: Deposited\ndata: {"event":1}\n\n';
    const unnamed = `event: Deposited\ndata: ${JSON.stringify(eventOf(1))}\n\n`;
    const long = `data: ${'x'.repeat(2 * 1024 * 1024)}`;
    for (const answer of [page, ...[strange, unnamed, long].map((text) => streaming(text))]) {
      const { url } = await serve(answer);
      await expect(takeIds(url, 1)).rejects.toThrow(ApiMismatch);
      server?.closeAllConnections();
      server?.close();
    }
  });

  test('after so many streams in a row that came to nothing', async () => {
    const { url, asked } = await serve(streaming(position('1'), 'end'));
    await expect(takeIds(url, 1, { pace: { maxFailures: 4, pauseMs: 1 } })).rejects.toThrow(ApiUnreachable);
    expect(asked).toHaveLength(4);
    await expect(takeIds('http://127.0.0.1:9', 1, { pace: { maxFailures: 2, pauseMs: 1 } })).rejects.toThrow(
      ApiUnreachable,
    );
  });
});

describe('it ends', () => {
  test('at the signal, while it waits for an event, and while it pauses', async () => {
    for (const answer of [streaming(''), refusing(503, 'databaseUnavailable', { 'retry-after': '60' })]) {
      const { url } = await serve(answer);
      const stop = new AbortController();
      setTimeout(() => stop.abort(), 100);
      expect(await takeIds(url, 1, { signal: stop.signal })).toEqual([]);
      server?.closeAllConnections();
      server?.close();
    }
  });

  test('where the reader has enough: the connection is closed', async () => {
    const closed = Promise.withResolvers<void>();
    const { url } = await serve((request, response) => {
      response.on('close', closed.resolve);
      streaming(frameOf(1))(request, response);
    });
    expect(await takeIds(url, 1)).toEqual(['1.0']);
    await closed.promise;
  });
});
