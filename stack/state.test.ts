import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Folder, openFolder } from './folder.ts';
import { rememberState } from './state.ts';

let folder: Folder;
beforeEach(() => {
  folder = openFolder(mkdtempSync(join(tmpdir(), 'krypton-state-')));
});
afterEach(() => rmSync(folder.root, { recursive: true }));

test('what was chosen at the first start stays', async () => {
  const first = await rememberState(folder);
  expect(await rememberState(folder)).toEqual(first);
  expect(new Set(Object.values(first.ports)).size).toBe(5);
  expect(statSync(folder.state).mode & 0o777).toBe(0o600);
});

test('a port that somebody took meanwhile is replaced, and no other', async () => {
  const first = await rememberState(folder);
  const server = createServer().listen(first.ports.redis, '127.0.0.1');
  const second = await rememberState(folder);
  server.close();
  expect(second).toEqual({ ...first, ports: { ...first.ports, redis: second.ports.redis } });
  expect(second.ports.redis).not.toBe(first.ports.redis);
});

test('a damaged file is said, not overwritten: the database has its password', async () => {
  writeFileSync(folder.state, '{"network": ');
  await expect(rememberState(folder)).rejects.toThrow('npm run reset');
});
