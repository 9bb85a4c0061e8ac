import { z } from 'zod';

/** What `go test -json` says, one object a line (`go doc test2json`); a failed build says so under ImportPath. */
const eventSchema = z.object({
  Action: z.string(),
  Package: z.string().optional(),
  ImportPath: z.string().optional(),
  Test: z.string().optional(),
  Output: z.string().optional(),
  Elapsed: z.number().optional(),
});

export interface TestCounts {
  readonly passed: number;
  readonly failed: number;
  /** All that is known about what failed, to be shown as it is. */
  readonly report: string;
}

/** Counts what a Go test run did. Of nested tests the innermost count, as a table's cases are the tests. */
export function countGoTests(lines: readonly string[]): TestCounts {
  const events = lines.flatMap(parseEvent);
  const output = new Map<string, string>();
  for (const { Package, ImportPath, Test, Output } of events) {
    const key = keyOf(Package ?? ImportPath, Test);
    output.set(key, (output.get(key) ?? '') + (Output ?? ''));
  }
  const ended = events.filter(({ Action, Test }) => Test !== undefined && (Action === 'pass' || Action === 'fail'));
  const parents = new Set(ended.map(({ Package, Test = '' }) => keyOf(Package, Test.slice(0, Test.lastIndexOf('/')))));
  const leaves = ended.filter(({ Package, Test }) => !parents.has(keyOf(Package, Test)));
  const failures = leaves.filter(({ Action }) => Action === 'fail');
  // A package fails as a whole when it does not compile, panics or runs out of time.
  const packages = events.filter(
    ({ Action, Package, Test }) =>
      Action === 'fail' && Test === undefined && !failures.some((failure) => failure.Package === Package),
  );
  const builds = events.filter(({ Action }) => Action === 'build-fail');
  const reports = [...failures, ...packages, ...builds].map(({ Package, ImportPath, Test }) =>
    output.get(keyOf(Package ?? ImportPath, Test)),
  );
  return {
    passed: leaves.length - failures.length,
    failed: failures.length + packages.length,
    report: reports.join('\n'),
  };
}

const keyOf = (container: string | undefined, test: string | undefined) => `${container}\0${test ?? ''}`;

function parseEvent(line: string): z.infer<typeof eventSchema>[] {
  if (!line.startsWith('{')) return [];
  const parsed = eventSchema.safeParse(JSON.parse(line));
  return parsed.success ? [parsed.data] : [];
}
