import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { redisStarter } from './base.ts';
import { openTerminal } from './console.ts';
import { type Folder, openFolder } from './folder.ts';
import { type Kept, keepRunning } from './keep.ts';
import { redisUrl } from './redis.ts';
import { rememberState } from './state.ts';

let folder: Folder;
let redis: Kept | undefined;
beforeEach(() => {
  folder = openFolder(mkdtempSync(join(tmpdir(), 'krypton-redis-')));
});
afterEach(async () => {
  await redis?.stop();
  rmSync(folder.root, { recursive: true });
});

/** A real Redis, started as `npm start` does it. */
async function startRedis(): Promise<string> {
  const terminal = openTerminal({ write: () => true, on: () => undefined });
  const state = await rememberState(folder, terminal.as('stack'));
  const start = redisStarter({ folder, state, terminal }, { databases: 16 });
  redis = keepRunning({ name: 'redis', start, say: terminal.as('redis'), begun: () => {}, up: () => {} });
  await redis.ready;
  return redisUrl(state);
}

async function onRedis<T>(url: string, work: (client: Redis) => Promise<T>): Promise<T> {
  const client = new Redis(url);
  try {
    return await work(client);
  } finally {
    client.disconnect();
  }
}

test.each([
  ['append-only file', 'appendonlydir/appendonly.aof.manifest', 'file appendonly.aof.1.base.rdb seq 1 ty'],
  ['append-only file of Redis 6', 'appendonly.aof', '*3\r\n$3\r\nSET\r\n$90'],
  ['snapshot', 'dump.rdb', 'REDIS0011 cut off'],
  ['configuration', 'redis.conf', 'appendonly maybe'],
])('a broken %s of an earlier version is no obstacle', async (_kind, path, content) => {
  mkdirSync(join(folder.redis, 'appendonlydir'), { recursive: true });
  writeFileSync(join(folder.redis, path), content);
  expect(await onRedis(await startRedis(), (client) => client.ping())).toBe('PONG');
});

test('nothing is kept: no file while it runs, no key after a restart', async () => {
  await onRedis(await startRedis(), (client) => client.set('kept', 'yes'));
  await redis?.stop();
  expect(readdirSync(folder.redis)).toEqual(['redis.conf']);
  const url = await startRedis();
  expect(await onRedis(url, (client) => client.get('kept'))).toBeNull();
  expect(await onRedis(url, (client) => client.config('GET', 'appendonly'))).toEqual(['appendonly', 'no']);
  expect(await onRedis(url, (client) => client.config('GET', 'save'))).toEqual(['save', '']);
});
