import { expect, test } from 'vitest';
import { countGoTests } from './go-tests.ts';

const lines = (...events: object[]) => events.map((event) => JSON.stringify(event));
const Package = 'krypton/contract/tests';

test('a table counts by its cases, and a failure is shown with all it said', () => {
  const counts = countGoTests(
    lines(
      { Action: 'output', Package, Test: 'TestSettle/late', Output: 'settle_test.go:7: too late\n' },
      { Action: 'fail', Package, Test: 'TestSettle/late' },
      { Action: 'pass', Package, Test: 'TestSettle/early' },
      { Action: 'fail', Package, Test: 'TestSettle' },
      { Action: 'pass', Package, Test: 'TestOpen' },
      { Action: 'skip', Package, Test: 'TestOther' },
      { Action: 'fail', Package },
    ),
  );
  expect(counts).toEqual({ passed: 2, failed: 1, report: 'settle_test.go:7: too late\n' });
});

test('a package that does not compile is one failure', () => {
  const counts = countGoTests(
    lines(
      { ImportPath: Package, Action: 'build-output', Output: 'x.go:1: undefined: y\n' },
      { ImportPath: Package, Action: 'build-fail' },
      { Action: 'output', Package, Output: 'FAIL krypton/contract/tests [build failed]\n' },
      { Action: 'fail', Package, FailedBuild: Package },
    ),
  );
  expect(counts.failed).toBe(1);
  expect(counts.report).toContain('undefined: y');
});
