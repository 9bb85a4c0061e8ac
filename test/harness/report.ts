import { spawn } from 'node:child_process';
import { delimiter, join } from 'node:path';
import { createInterface } from 'node:readline';
import { repository } from '../../stack/folder.ts';
import { inOneLine } from '../../stack/trouble.ts';
import type { TestCounts } from './go-tests.ts';

/** Programs that npm brought are found by their name. */
const binaries = join(repository, 'node_modules', '.bin');
export const childEnv = { ...process.env, PATH: [binaries, process.env.PATH].join(delimiter) };

interface Finished {
  readonly status: number;
  readonly lines: readonly string[];
}

/** `show` passes the output on while it comes; else it is kept for the case of failure. */
export async function runHere(
  command: string,
  args: readonly string[],
  options: { cwd?: string; env?: NodeJS.ProcessEnv; show?: boolean } = {},
): Promise<Finished> {
  const child = spawn(command, args, {
    cwd: repository,
    env: childEnv,
    ...options,
    stdio: ['ignore', options.show ? 'inherit' : 'pipe', options.show ? 'inherit' : 'pipe'],
  });
  const lines: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    if (stream) createInterface({ input: stream }).on('line', (line) => lines.push(line));
  }
  return new Promise((resolve) => {
    child.once('error', (error) => resolve({ status: 1, lines: [error.message] }));
    child.once('close', (status) => resolve({ status: status ?? 1, lines }));
  });
}

/** Says how it went and how long it took, and shows a failure in full. */
export async function report(name: string, work: () => Promise<TestCounts>): Promise<TestCounts> {
  const begin = performance.now();
  const counts = await work().catch((error) => ({ passed: 0, failed: 1, report: inOneLine(error) }));
  const seconds = ((performance.now() - begin) / 1000).toFixed(1);
  if (counts.failed > 0 && counts.report) console.log(counts.report);
  const tally = counts.passed > 0 ? `, ${counts.passed} passed` : '';
  console.log(`${counts.failed === 0 ? 'ok    ' : 'FAILED'} ${name}${tally}, ${seconds} s`);
  return counts;
}
