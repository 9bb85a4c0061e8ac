import type { TestCounts } from './harness/go-tests.ts';
import { report, runHere } from './harness/report.ts';

/** With one checker each: several do some of the work twice, and the other core has the next check. */
const types = (of: string, project: string) => ({
  name: `types${of}`,
  command: 'tsc',
  args: ['--checkers', '1', '-p', project],
});

/**
 * Each of these counts as one failure when it fails; it is no test, so it counts nothing when it passes. The slowest
 * come first: what runs beside them is done before they are.
 */
const checks = [
  types('', '.'),
  types(' of what runs in a browser', 'tsconfig.browser.json'),
  types(' of the pages', 'web'),
  types(" of the pages' service worker", 'web/phone/worker'),
  types(" of the pages' build and tests", 'web/tsconfig.test.json'),
  { name: 'borders', command: 'depcruise', args: ['--config', '.dependency-cruiser.js', '.'] },
  { name: 'unused code', command: 'knip', args: [] },
  { name: 'lint', command: 'biome', args: ['check', '--error-on-warnings'] },
];

/** `atOnce`: how many of the machine's cores they may keep busy. */
export async function runChecks({ atOnce }: { atOnce: number }): Promise<TestCounts[]> {
  const waiting = [...checks];
  const results: TestCounts[] = [];
  const work = async () => {
    for (let check = waiting.shift(); check; check = waiting.shift()) {
      const { name, command, args } = check;
      const run = async () => {
        const { status, lines } = await runHere(command, args);
        return { passed: 0, failed: status === 0 ? 0 : 1, report: lines.join('\n') };
      };
      results.push(await report(name, run));
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  return results;
}
