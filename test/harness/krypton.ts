import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { expect } from 'vitest';
import { repository } from '../../stack/folder.ts';

export const launcher = join(repository, 'cli', 'krypton');
/** Nobody listens there. */
export const deadUrl = 'http://127.0.0.1:9';

export type Result = { status: number | null; stdout: string; stderr: string };
export type Options = { env?: NodeJS.ProcessEnv; input?: string; command?: string; cwd?: string };

/** Runs the command as a person types it, but with the settings of this test alone. */
export function krypton(args: readonly string[], options: Options = {}): Promise<Result> {
  const { env = {}, input = '', command = launcher, cwd = repository } = options;
  const own = Object.entries(process.env).filter(([name]) => !name.startsWith('KRYPTON_'));
  const child = spawn(command, args, { cwd, env: { ...Object.fromEntries(own), ...env } });
  child.stdin.on('error', () => {}); // it may be refused before it has read
  child.stdin.end(input);
  const result: Result = { status: null, stdout: '', stderr: '' };
  child.stdout.on('data', (data) => {
    result.stdout += data;
  });
  child.stderr.on('data', (data) => {
    result.stderr += data;
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (status) => resolve({ ...result, status }));
  });
}

/** One line on standard error, no stack trace, and nothing that looks like an answer. */
export async function refusal(status: 1 | 2, args: readonly string[], options?: Options): Promise<string> {
  const result = await krypton(args, options);
  expect(result.stderr).toMatch(/^krypton: [^\n]+\n$/);
  expect(result).toMatchObject({ status, stdout: '' });
  return result.stderr;
}
