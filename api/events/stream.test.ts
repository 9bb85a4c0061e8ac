import { connect, type Socket } from 'node:net';
import { OpenAPIHono } from '@hono/zod-openapi';
import { afterEach, expect, test } from 'vitest';
import type { Logger } from '../../process/run.ts';
import type { Env } from '../http/env.ts';
import { type Serving, serve } from '../http/serve.ts';
import { type Reply, reply, type Timing } from './stream.ts';

const timing: Timing = { heartbeatMs: 60_000, slowMs: 300, graceMs: 300 };
const log = { error: () => {} } as unknown as Logger;

let serving: Serving | undefined;
afterEach(() => serving?.stop());

/** A server whose one route streams these frames; `ended` counts the streams that are over. */
async function serveFrames(frames: Reply['frames'], given: Partial<Reply> = {}) {
  let ended = 0;
  const onEnd = () => {
    ended += 1;
  };
  const app = new OpenAPIHono<Env>();
  app.get('/', (c) => reply(c, { frames, log, onEnd, timing, ...given }));
  serving = await serve(app, { host: '127.0.0.1', port: 0 });
  return { url: serving.url, ended: () => ended };
}

/** A reader that takes what comes, or does not. */
async function openSocket(url: string) {
  const socket: Socket = connect(Number(new URL(url).port), '127.0.0.1');
  let text = '';
  socket.on('error', () => {});
  const closed = new Promise<void>((resolve) => socket.on('close', () => resolve()));
  socket.on('data', (chunk) => {
    text += chunk;
  });
  socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
  return { socket, closed, text: () => text };
}

const block = `event: x\ndata: "${'x'.repeat(30_000)}"\n\n`;

/** Without an end; counts what was asked for. */
function endless() {
  let made = 0;
  const frames: Reply['frames'] = async function* () {
    for (;;) {
      made += 1;
      yield block;
    }
  };
  return { frames, made: () => made };
}

test('a reader who does not read is dropped, and little was made for them meanwhile', async () => {
  const { frames, made } = endless();
  const { url, ended } = await serveFrames(frames);
  const { socket } = await openSocket(url);
  socket.pause();
  await expect.poll(ended, { timeout: 5_000 }).toBe(1);
  const then = made();
  expect(then * block.length).toBeLessThan(20 * 1024 * 1024); // what the two sockets hold in the kernel
  await new Promise((resolve) => setTimeout(resolve, 2 * timing.graceMs));
  expect(made()).toBe(then);
  // The connection is gone on the server's side: nobody has to wait for this reader any more.
  const stopped = performance.now();
  await serving?.stop();
  expect(performance.now() - stopped).toBeLessThan(2_000);
  socket.destroy();
});

test('a slow reader who reads on within the grace is told why', async () => {
  const { frames } = endless();
  const { url, ended } = await serveFrames(frames, { timing: { ...timing, graceMs: 10_000 } });
  const { socket, text } = await openSocket(url);
  socket.pause();
  await expect.poll(ended, { timeout: 5_000 }).toBe(1);
  socket.resume();
  await expect.poll(() => text().slice(-300), { timeout: 5_000 }).toContain('"code":"slowReader"');
  expect(text()).toMatch(/\r\n0\r\n\r\n$/); // it ends in order
  socket.destroy();
});

test('a reader who reads as it comes stays', async () => {
  const frames: Reply['frames'] = async function* () {
    for (let i = 0; i < 30; i += 1) {
      await new Promise((resolve) => setTimeout(resolve, 30));
      yield `data: ${i}\n\n`;
    }
  };
  const { url, ended } = await serveFrames(frames);
  expect(await (await fetch(url)).text()).toContain('data: 29');
  expect(ended()).toBe(1);
});

test('a reader who leaves is known to have left at once', async () => {
  let signal: AbortSignal | undefined;
  const { url, ended } = await serveFrames(async function* (left) {
    signal = left;
    yield 'data: 1\n\n';
    await new Promise((resolve) => left.addEventListener('abort', resolve));
  });
  const { socket, text } = await openSocket(url);
  await expect.poll(text).toContain('data: 1');
  expect(ended()).toBe(0);
  socket.destroy();
  await expect.poll(ended).toBe(1);
  expect(signal?.aborted).toBe(true);
});

test('a failure ends the stream with a code, and is told to the log alone', async () => {
  const errors: unknown[] = [];
  const frames: Reply['frames'] = async function* () {
    yield 'data: 1\n\n';
    throw new Error('secret');
  };
  const { url, ended } = await serveFrames(frames, {
    log: { error: (error: unknown) => errors.push(error) } as unknown as Logger,
  });
  const text = await (await fetch(url)).text();
  expect(text).toContain('"code":"internal"');
  expect(text).not.toContain('secret');
  expect([ended(), errors]).toEqual([1, [new Error('secret')]]);
});
