import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { getPriority } from 'node:os';
import { expect, test } from 'vitest';
import { putFirst } from './priority.ts';

test('a process is put before others where the system allows it, and is left as it is where not', async () => {
  const child = spawn('sleep', ['60'], { detached: true, stdio: 'ignore' });
  await once(child, 'spawn');
  const [pid, usual] = [child.pid as number, getPriority()];
  const isPut = putFirst(pid);
  expect(getPriority(pid)).toBe(isPut ? -10 : usual);
  if (process.getuid?.() !== 0) expect(isPut).toBe(false);
  child.kill('SIGKILL');
  await once(child, 'exit');
  expect(putFirst(pid)).toBe(false); // it is gone
});
