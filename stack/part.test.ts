import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { type PartPlan, startPart, waitUntilReady } from './part.ts';
import { identify } from './process-id.ts';

const folder = mkdtempSync(join(tmpdir(), 'krypton-part-'));
afterAll(() => rmSync(folder, { recursive: true }));

const shell = (name: string, script: string, more: Partial<PartPlan> = {}): PartPlan => ({
  name,
  command: 'sh',
  args: ['-c', script],
  logFile: join(folder, `${name}.log`),
  deathSignal: 'SIGKILL',
  stopSignal: 'SIGTERM',
  stopTimeoutMs: 300,
  ...more,
});

test('its lines are handed on, the last one without a line end too', async () => {
  const lines: string[] = [];
  const part = startPart(shell('lines', 'echo one; echo two >&2; printf three; exit 3'), (line) => lines.push(line));
  expect(await part.ended).toBe('exit code 3');
  expect(lines).toEqual(['one', 'two', 'three']);
});

test('a stop that takes too long ends in SIGKILL', async () => {
  const part = startPart(shell('stubborn', 'trap "" TERM; echo up; while :; do sleep 0.05; done'), () => {});
  await waitUntilReady(part, async () => part.lastLines().includes('up'), 5_000);
  await part.stop();
  expect(await part.ended).toBe('killed by SIGKILL');
  expect(identify(part.pid)).toBeUndefined();
});

test('one that ends before it is ready says why', async () => {
  const part = startPart(shell('broken', 'echo "port is taken"; exit 1'), () => {});
  await expect(waitUntilReady(part, async () => false, 5_000)).rejects.toThrow(
    'broken ended before it was ready: port is taken',
  );
});

test('one whose data may be damaged says what helps', async () => {
  const part = startPart(shell('damaged', 'echo "bad page"; exit 1', { remedy: 'remove it' }), () => {});
  await expect(waitUntilReady(part, async () => false, 5_000)).rejects.toThrow(
    'damaged ended before it was ready: bad page | If its data is damaged: remove it',
  );
});

test('one that reports ready over IPC is heard, although setpriv stands between', async () => {
  const script = 'process.send({ ready: true }); setInterval(() => {}, 1000)';
  const plan = shell('reporter', '', { command: process.execPath, args: ['-e', script], reportsReady: true });
  const part = startPart(plan, () => {});
  await waitUntilReady(part, async () => part.hasReportedReady(), 10_000);
  await part.stop();
});

test('a command that is missing is one clear line', async () => {
  const part = startPart(shell('missing', '', { command: '/nowhere/neo-go' }), () => {});
  await part.ended;
  await expect(waitUntilReady(part, async () => false, 5_000)).rejects.toThrow(
    /missing ended before.*\/nowhere\/neo-go/,
  );
});
