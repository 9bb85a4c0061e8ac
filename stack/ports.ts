import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';
import { Trouble } from './trouble.ts';

/**
 * Below 32768, where Linux takes the local ports of outgoing connections from: a port of ours can then not be taken by
 * somebody's client in the second between a part's death and its restart. Each is proved free by binding it.
 */
const lowest = 21_000;
const highest = 31_999;
const maxTries = 200;

export async function pickPort(taken: ReadonlySet<number>): Promise<number> {
  for (let tries = 0; tries < maxTries; tries++) {
    const port = randomInt(lowest, highest + 1);
    if (!taken.has(port) && (await portIsFree(port))) return port;
  }
  throw new Trouble(`no free port between ${lowest} and ${highest} on 127.0.0.1`);
}

export function portIsFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}

/** Below those of `pickPort`. A call takes four, and eight where two phones ring. */
const mediaLowest = 10_000;
const mediaPorts = 500;

/**
 * Ports for an rtpengine's sound. Two that share a range take the same ports without a word, and their calls hear each
 * other: so a range is held, by TCP at its first port, for as long as this process runs.
 */
export async function holdMediaPorts(): Promise<{ mediaFirst: number; mediaLast: number }> {
  for (let mediaFirst = mediaLowest; mediaFirst + mediaPorts <= lowest; mediaFirst += mediaPorts)
    if (await holdPort(mediaFirst)) return { mediaFirst, mediaLast: mediaFirst + mediaPorts - 1 };
  throw new Trouble(`no free ports for sound between ${mediaLowest} and ${lowest} on 127.0.0.1`);
}

function holdPort(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer().unref();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => resolve(true));
  });
}
