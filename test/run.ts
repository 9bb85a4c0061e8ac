// npm test: types, lint, borders and unused code, the contract's Go tests, then all of vitest. Ends with one line of
// counts.
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { repository, tools } from '../stack/folder.ts';
import { findGo, readGoModule } from '../stack/go.ts';
import { runChecks } from './checks.ts';
import { countGoTests, type TestCounts } from './harness/go-tests.ts';
import { childEnv, report, runHere } from './harness/report.ts';

async function runGoTests(): Promise<TestCounts> {
  return report('contract (go test)', async () => {
    const go = await findGo(readGoModule().go, (message) => console.log(message));
    const { status, lines } = await runHere(go, ['test', '-json', './...'], {
      cwd: join(repository, 'contract'),
      env: { ...childEnv, GOTOOLCHAIN: 'local' },
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
const [checked, go] = await Promise.all([runChecks({ atOnce: 1 }), runGoTests()]);
const all = [...checked, go, await runVitest()];
const sum = (of: (counts: TestCounts) => number) => all.reduce((total, counts) => total + of(counts), 0);
const failed = sum((counts) => counts.failed);
console.log(`${sum((counts) => counts.passed)} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
