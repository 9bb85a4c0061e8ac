import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Row } from '../bench/compare.ts';
import { repository } from '../stack/folder.ts';
import { childEnv, runHere } from './harness/report.ts';

test('every bench runs, beside its ceilings', { timeout: 240_000 }, async () => {
  const args = [join(repository, 'bench', 'main.ts'), 'all', '--short', '--json'];
  const { status, lines } = await runHere(process.execPath, args, { env: childEnv });
  expect(status, lines.join('\n')).toBe(0);
  const { rows } = JSON.parse(lines.slice(lines.indexOf('{')).join('\n')) as { rows: Row[] };
  expect(rows.length).toBeGreaterThan(12);
  for (const { what, ours, ceilings } of rows)
    for (const { perSecond, p50Ms } of [ours, ...ceilings]) {
      expect(perSecond.median, what).toBeGreaterThan(0);
      expect(p50Ms, what).toBeGreaterThan(0);
    }
});
