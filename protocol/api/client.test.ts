import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, expectTypeOf, test } from 'vitest';
import { createKey } from '../sign/key.ts';
import { type Cdr, type CdrVerdict, getCdr, listCdrs, submitCdrs } from './cdrs.ts';
import { type Client, createClient } from './client.ts';
import { type Escrow, getEscrow, listEscrows } from './escrows.ts';
import { ApiMismatch, ApiNotNow, ApiProblem, ApiUnreachable } from './failure.ts';
import { query } from './query.ts';
import { listSettlements } from './settlements.ts';
import { getReadiness, getStatus } from './status.ts';

/** A server that answers as a test says, and remembers what it was asked. */
let server: Server;
let url: string;
let answer: (request: IncomingMessage, response: ServerResponse) => void;
let asked: {
  method?: string | undefined;
  url?: string | undefined;
  headers: IncomingMessage['headers'];
  body: string;
}[];

beforeAll(async () => {
  server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => {
      body += chunk;
    });
    request.on('end', () => {
      asked.push({ method: request.method, url: request.url, headers: request.headers, body });
      answer(request, response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

function answering(status: number, body: unknown, headers: Record<string, string> = {}): void {
  asked = [];
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  answer = (_, response) => response.writeHead(status, headers).end(text);
}

const status = {
  network: 7,
  contract: `0x${'c0'.repeat(20)}`,
  deployedAt: 1,
  nodeHeight: null,
  indexHeight: 9,
  lag: null,
  version: '1',
};
const problem = (code: string, status: number) => ({
  type: `/docs#${code}`,
  title: 'a title',
  status,
  code,
  detail: 'what is wrong',
  errors: [{ path: 'limit', message: 'is odd' }],
});
const failure = (client: Client) => client.call(getStatus).catch((error: unknown) => error);

test('an answer is read, with fields that nobody knows yet', async () => {
  answering(200, { ...status, mood: { good: true } });
  expect(await createClient({ url: `${url}/` }).call(getStatus)).toEqual({ ...status, mood: { good: true } });
  expect(asked).toMatchObject([{ method: 'GET', url: '/v1/status' }]);
});

test('parameters go where they belong, in the form that the server reads', async () => {
  answering(200, { items: [], next: null });
  const client = createClient({ url, minHeight: 42 });
  const since = new Date(Date.UTC(2026, 0, 1));
  await client.call(listSettlements, { query: { since, limit: 5, provider: undefined } });
  await client.call(listEscrows);
  await client.call(query, { params: { type: 'a/b?', user: 'ü' } }).catch(() => {});
  expect(asked.map((request) => request.url)).toEqual([
    '/v1/settlements?since=2026-01-01T00%3A00%3A00.000Z&limit=5',
    '/v1/escrows',
    '/query/a%2Fb%3F/%C3%BC',
  ]);
  expect(asked.map(({ headers }) => headers['min-height'])).toEqual(['42', '42', '42']);
  await expect(client.call(getEscrow, { params: { id: '' } })).rejects.toThrow('getEscrow needs id');
});

test('what is for one account alone is signed, by the signer that was given, and nothing else is', async () => {
  const [one, other] = [createKey(), createKey()];
  const client = createClient({ url, signer: one, minHeight: 3 });
  answering(202, { cdrs: [] });
  await client.call(submitCdrs, { body: { cdrs: [{ callId: 'x' }] } });
  await client.as(other).call(submitCdrs, { body: { cdrs: [1] } });
  expect(asked[0]).toMatchObject({ method: 'POST', body: '{"cdrs":[{"callId":"x"}]}' });
  expect(asked[0]?.headers).toMatchObject({ 'content-type': 'application/json', 'content-digest': expect.any(String) });
  expect(asked.map(({ headers }) => /keyid="(\w+)"/.exec(String(headers['signature-input']))?.[1])).toEqual([
    one.publicKey,
    other.publicKey,
  ]);
  answering(200, status);
  await client.call(getStatus);
  expect(asked[0]?.headers).not.toHaveProperty('signature');
  await expect(createClient({ url }).call(getCdr, { params: { id: 1 } })).rejects.toThrow('has to be signed');
});

describe('a refusal', () => {
  test('is a problem with its code', async () => {
    answering(400, problem('invalidRequest', 400));
    const error = await failure(createClient({ url }));
    expect(error).toBeInstanceOf(ApiProblem);
    expect(error).not.toBeInstanceOf(ApiNotNow);
    expect(error).toMatchObject({
      code: 'invalidRequest',
      status: 400,
      detail: 'what is wrong',
      errors: [{ path: 'limit', message: 'is odd' }],
    });
  });

  test.each([
    [503, '1', 1],
    [429, '30', 30],
    [503, undefined, null],
    [503, 'Fri, 31 Dec 1999 23:59:59 GMT', null],
  ])('of now alone says when to come again: %s, %s', async (code, after, seconds) => {
    answering(code, problem('heightNotReached', code), after === undefined ? {} : { 'retry-after': after });
    const error = await failure(createClient({ url }));
    expect(error).toBeInstanceOf(ApiNotNow);
    expect(error).toMatchObject({ retryAfterSeconds: seconds, code: 'heightNotReached' });
  });

  test('may hold the answer: a single CDR in conflict, an original failure, a server that is not ready', async () => {
    const verdict = { callId: 'x', id: 1, verdict: 'conflict', state: 'received', reason: 'another one' } as const;
    answering(409, { ...problem('cdrConflict', 409), cdrs: [verdict] });
    const client = createClient({ url, signer: createKey() });
    expect((await client.call(submitCdrs, { body: { cdrs: [1] } })).cdrs).toEqual([verdict]);
    const failed = { status: 'failed', type: 'uuid', address: 'N', code: 404, message: 'Not Found' };
    answering(404, failed);
    expect(await client.call(query, { params: { type: 'uuid', user: 'N' } })).toEqual(failed);
    answering(503, { status: 'unavailable', checks: { postgres: 'away' } });
    expect((await client.call(getReadiness)).status).toBe('unavailable');
    answering(409, problem('cdrConflict', 409));
    await expect(client.call(submitCdrs, { body: { cdrs: [1] } })).rejects.toBeInstanceOf(ApiProblem);
  });
});

describe('no answer', () => {
  test.each([
    [200, '<html>'],
    [200, { ...status, network: '7' }],
    [200, ''],
    [404, '<html>'],
    [500, { error: 'x' }],
  ])('of this API: %s %j', async (code, body) => {
    answering(code, body);
    expect(await failure(createClient({ url }))).toBeInstanceOf(ApiMismatch);
  });

  test.each([502, 503, 504])('but that of a proxy: %s', async (code) => {
    answering(code, '<html>Bad Gateway');
    expect(await failure(createClient({ url }))).toBeInstanceOf(ApiUnreachable);
  });

  test('in time, of a body or at all', async () => {
    const client = createClient({ url, timeoutMs: 200 });
    asked = [];
    answer = (_, response) => response.writeHead(200).write('{');
    expect(await failure(client)).toMatchObject({ name: 'ApiUnreachable', message: expect.stringContaining('0.2 s') });
    answer = () => {};
    expect(await failure(client)).toBeInstanceOf(ApiUnreachable);
  });

  test('where nobody listens, or where a redirect leads elsewhere', async () => {
    const error = await failure(createClient({ url: 'http://127.0.0.1:9' }));
    expect(error).toMatchObject({ name: 'ApiUnreachable', message: expect.stringContaining('http://127.0.0.1:9') });
    answering(302, '', { location: `${url}/v1/status` });
    expect(await failure(createClient({ url }))).toBeInstanceOf(ApiUnreachable);
    expect(asked).toHaveLength(1);
  });
});

describe('a list', () => {
  const page = (ids: number[], next: string | null) => ({ items: ids.map((id) => transaction(id)), next });
  const transaction = (height: number) => ({
    txHash: `0x${'0'.repeat(64)}`,
    height,
    time: '2026-01-01T00:00:00.000Z',
    claims: [],
  });
  const paged = (pages: Record<string, unknown>) => {
    asked = [];
    answer = (request, response) => {
      const { searchParams } = new URL(request.url ?? '', url);
      response.end(JSON.stringify(pages[searchParams.get('cursor') ?? '']));
    };
  };

  const heightsOf = async (client: Client) => {
    const heights: number[] = [];
    for await (const { height } of client.items(listSettlements)) heights.push(height);
    return heights;
  };

  test('is read page by page, and no further than it is looked at', async () => {
    paged({ '': page([5, 4], 'a'), a: page([], 'b'), b: page([3], 'c'), c: page([2], null) });
    const client = createClient({ url });
    const heights: number[] = [];
    for await (const { height } of client.items(listSettlements, { query: { limit: 2 } })) {
      heights.push(height);
      if (height === 3) break;
    }
    expect(heights).toEqual([5, 4, 3]);
    expect(asked.map((request) => request.url)).toEqual([
      '/v1/settlements?limit=2',
      '/v1/settlements?limit=2&cursor=a',
      '/v1/settlements?limit=2&cursor=b',
    ]);
    expect(await heightsOf(client)).toEqual([5, 4, 3, 2]);
  });

  test('that follows itself ends with an error', async () => {
    paged({ '': page([1], 'a'), a: page([1], 'a') });
    await expect(heightsOf(createClient({ url }))).rejects.toBeInstanceOf(ApiMismatch);
  });
});

test('an operation says what it takes and what it answers', () => {
  const client = createClient({ url });
  expectTypeOf(() => client.call(getEscrow, { params: { id: 1 } })).returns.resolves.toEqualTypeOf<Escrow>();
  expectTypeOf(() => client.call(submitCdrs, { body: { cdrs: [] } })).returns.resolves.toEqualTypeOf<{
    cdrs: CdrVerdict[];
  }>();
  expectTypeOf(() => client.items(listCdrs)).returns.toEqualTypeOf<AsyncGenerator<Cdr, void>>();
  // @ts-expect-error: which one?
  void (() => client.call(getEscrow));
  // @ts-expect-error: there is no such parameter
  void (() => client.call(listEscrows, { query: { usr: 'N' } }));
  // @ts-expect-error: a status is no list
  void (() => client.items(getStatus));
});
