import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';

const python = spawnSync('python3', ['--version']).status === 0;
if (!python) console.warn('the tests of krypton_register.py are skipped: there is no python3 on the PATH');

test.runIf(python)('krypton_register.py', { timeout: 60_000 }, () => {
  const env = { ...process.env, PYTHONDONTWRITEBYTECODE: '1' };
  const run = spawnSync('python3', ['-W', 'ignore', '-m', 'unittest'], {
    cwd: import.meta.dirname,
    env,
    encoding: 'utf8',
  });
  expect(run.stderr).toMatch(/Ran [1-9]\d* tests.*\nOK\n$/s);
  expect(run.status).toBe(0);
});
