import { connect, type Socket } from 'node:net';

export type Shot = { path: string; method: string; headers?: Record<string, string>; body?: string };
export type Load = { perSecond: number; p50Ms: number; p99Ms: number };

/** What is expected of each answer; a wrong one ends the measurement. */
const isGood = (status: number) => status >= 200 && status < 300;

/** As it goes over the wire. Made before the clock runs: a client that is busy would measure itself. */
export function encode(url: string, { path, method, headers = {}, body = '' }: Shot): Buffer {
  const given = Object.entries({ host: new URL(url).host, ...headers });
  const length = body === '' ? [] : [['content-length', String(Buffer.byteLength(body))]];
  const lines = [...given, ...length].map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.from(`${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n${body}`);
}

/** Sends all, so many at a time, each connection one after the other. */
export async function fire(url: string, shots: readonly Buffer[], connections: number): Promise<Load> {
  const lines = await open(url, connections);
  const times: number[] = [];
  let next = 0;
  const begin = performance.now();
  await Promise.all(
    lines.map(async (line) => {
      for (;;) {
        const shot = shots[next];
        next += 1;
        if (!shot) return;
        const sentAt = performance.now();
        await line.send(shot);
        times.push(performance.now() - sentAt);
      }
    }),
  );
  const seconds = (performance.now() - begin) / 1000;
  for (const line of lines) line.close();
  return loadOf(times, shots.length / seconds);
}

/** Sends so many a second, whatever the answers take: each counts from the moment when it was due. */
export async function pace(
  url: string,
  shots: readonly Buffer[],
  { perSecond, connections }: { perSecond: number; connections: number },
): Promise<Load> {
  const lines = await open(url, connections);
  const times: number[] = [];
  let next = 0;
  const begin = performance.now();
  await Promise.all(
    lines.map(async (line) => {
      for (;;) {
        const dueAt = begin + (next / perSecond) * 1000;
        const shot = shots[next];
        next += 1;
        if (!shot) return;
        await until(dueAt);
        await line.send(shot);
        times.push(performance.now() - dueAt);
      }
    }),
  );
  const seconds = (performance.now() - begin) / 1000;
  for (const line of lines) line.close();
  return loadOf(times, shots.length / seconds);
}

/** By the process's clock; a timer may come a little early. */
export async function until(dueAt: number): Promise<void> {
  for (let now = performance.now(); now < dueAt; now = performance.now())
    await new Promise((resolve) => setTimeout(resolve, dueAt - now));
}

export function loadOf(times: number[], perSecond: number): Load {
  times.sort((a, b) => a - b);
  const at = (share: number) => times[Math.floor(times.length * share)] ?? Number.NaN;
  return { perSecond, p50Ms: at(0.5), p99Ms: at(0.99) };
}

type Line = { send(shot: Buffer): Promise<void>; close(): void };

const open = (url: string, connections: number): Promise<Line[]> =>
  Promise.all(Array.from({ length: connections }, () => openLine(url)));

/** A connection that is kept. Node's own client takes longer for a request than some of the servers that it asks. */
export async function openLine(url: string): Promise<Line> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.setNoDelay();
  await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject));
  const waiting = expectAnswers(socket);
  return {
    send: (shot) => {
      const answered = new Promise<void>((resolve, reject) => {
        waiting.resolve = resolve;
        waiting.reject = reject;
      });
      socket.write(shot);
      return answered;
    },
    close: () => socket.destroy(),
  };
}

type Waiting = { resolve: () => void; reject: (error: Error) => void };

function expectAnswers(socket: Socket): Waiting {
  const waiting: Waiting = { resolve: () => {}, reject: () => {} };
  let received: Buffer = Buffer.alloc(0);
  socket.on('data', (chunk: Buffer) => {
    received = received.length === 0 ? chunk : Buffer.concat([received, chunk]);
    const end = received.indexOf('\r\n\r\n');
    if (end < 0) return;
    const head = received.toString('latin1', 0, end);
    const length = Number(/\r\ncontent-length: (\d+)/i.exec(head)?.[1] ?? Number.NaN);
    if (Number.isNaN(length)) return waiting.reject(new Error(`an answer without length: ${head}`));
    if (received.length < end + 4 + length) return;
    const status = Number(head.slice(9, 12));
    const text = isGood(status) ? '' : received.toString('utf8', end + 4);
    received = Buffer.alloc(0);
    if (isGood(status)) waiting.resolve();
    else waiting.reject(new Error(`${status}: ${text}`));
  });
  socket.on('error', (error) => waiting.reject(error));
  socket.on('close', () => waiting.reject(new Error('the server has closed the connection')));
  return waiting;
}
