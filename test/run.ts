// npm test: types, lint, borders and unused code, the contract's Go tests, then all of vitest. Ends with one line of counts.
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { createInterface } from 'node:readline';
import { z } from 'zod';
import { repository, tools } from '../stack/folder.ts';
import { findGo, readGoModule } from '../stack/go.ts';
import { inOneLine } from '../stack/trouble.ts';
import { countGoTests, type TestCounts } from './harness/go-tests.ts';

const binaries = join(repository, 'node_modules', '.bin');
const env = { ...process.env, PATH: [binaries, process.env.PATH].join(delimiter) };

/** Each of these counts as one failure when it fails; it is no test, so it counts nothing when it passes. */
const checks = [
  { name: 'types', command: 'tsc', args: ['--noEmit', '-p', '.'] },
  { name: 'lint', command: 'biome', args: ['check', '--error-on-warnings'] },
  { name: 'borders', command: 'depcruise', args: ['--config', '.dependency-cruiser.js', '.'] },
  { name: 'unused code', command: 'knip', args: [] },
];

interface Finished {
  readonly status: number;
  readonly lines: readonly string[];
}

/** `show` passes the output on while it comes; else it is kept for the case of failure. */
async function runHere(
  command: string,
  args: readonly string[],
  options: { cwd?: string; env?: NodeJS.ProcessEnv; show?: boolean } = {},
): Promise<Finished> {
  const child = spawn(command, args, {
    cwd: repository,
    env,
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
async function report(name: string, work: () => Promise<TestCounts>): Promise<TestCounts> {
  const begin = performance.now();
  const counts = await work().catch((error) => ({ passed: 0, failed: 1, report: inOneLine(error) }));
  const seconds = ((performance.now() - begin) / 1000).toFixed(1);
  if (counts.failed > 0 && counts.report) console.log(counts.report);
  const tally = counts.passed > 0 ? `, ${counts.passed} passed` : '';
  console.log(`${counts.failed === 0 ? 'ok    ' : 'FAILED'} ${name}${tally}, ${seconds} s`);
  return counts;
}

async function runChecks(): Promise<TestCounts[]> {
  const results: TestCounts[] = [];
  for (const { name, command, args } of checks) {
    results.push(
      await report(name, async () => {
        const { status, lines } = await runHere(command, args);
        return { passed: 0, failed: status === 0 ? 0 : 1, report: lines.join('\n') };
      }),
    );
  }
  return results;
}

async function runGoTests(): Promise<TestCounts> {
  return report('contract (go test)', async () => {
    const go = await findGo(readGoModule().go, (message) => console.log(message));
    const { status, lines } = await runHere(go, ['test', '-json', './...'], {
      cwd: join(repository, 'contract'),
      env: { ...env, GOTOOLCHAIN: 'local' },
    });
    const counts = countGoTests(lines);
    return status !== 0 && counts.failed === 0 ? { ...counts, failed: 1, report: lines.join('\n') } : counts;
  });
}

const resultsSchema = z.object({ numPassedTests: z.number(), numFailedTests: z.number() });

async function runVitest(): Promise<TestCounts> {
  const results = join(tools, `vitest-${process.pid}.json`);
  const vitest = join(repository, 'node_modules', 'vitest', 'vitest.mjs');
  return report('vitest', async () => {
    const args = [vitest, 'run', '--reporter=dot', '--reporter=json', `--outputFile.json=${results}`];
    if (!process.stdout.isTTY) args.push('--no-color');
    const { status } = await runHere(process.execPath, args, { show: true });
    const counts = existsSync(results) ? resultsSchema.parse(JSON.parse(readFileSync(results, 'utf8'))) : undefined;
    rmSync(results, { force: true });
    const failed = counts?.numFailedTests ?? 0;
    // A file that does not load, or an error outside any test, fails the run without failing a test.
    return { passed: counts?.numPassedTests ?? 0, failed: status !== 0 && failed === 0 ? 1 : failed, report: '' };
  });
}

// The checks and the Go tests keep one core each busy; vitest has timings in it and gets both for itself.
const [checked, go] = await Promise.all([runChecks(), runGoTests()]);
const all = [...checked, go, await runVitest()];
const sum = (of: (counts: TestCounts) => number) => all.reduce((total, counts) => total + of(counts), 0);
const failed = sum((counts) => counts.failed);
console.log(`${sum((counts) => counts.passed)} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
