import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { openFolder } from './folder.ts';
import { clearLeftovers, takeLock } from './lock.ts';
import { identify } from './process-id.ts';

const folder = openFolder(mkdtempSync(join(tmpdir(), 'krypton-lock-')));
afterAll(() => rmSync(folder.root, { recursive: true }));

test('only one holds a folder, and says which process', async () => {
  const lock = await takeLock(folder);
  await expect(takeLock(folder)).rejects.toThrow(`already running (pid ${process.pid})`);
  lock.release();
  (await takeLock(folder)).release();
});

test('what a dead holder left running is waited for, and a number that another process got is not its', async () => {
  const child = spawn('sleep', ['2']);
  const exited = once(child, 'exit');
  const mine = identify(process.pid);
  const left = identify(child.pid ?? 0);
  if (!mine || !left) throw new Error('no /proc');
  const first = await takeLock(folder);
  first.note([left, { ...mine, startTicks: '1' }]);
  first.release();

  const lock = await takeLock(folder);
  expect(lock.leftovers).toEqual([left]);
  await clearLeftovers(lock, () => {});
  expect(await exited).toEqual([0, null]);
  lock.release();
});
