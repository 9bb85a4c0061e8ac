import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { writes } from './roles.ts';

test('the page says of each table who may write it', () => {
  const page = readFileSync(join(import.meta.dirname, 'README.md'), 'utf8');
  const rows = [...page.matchAll(/^\| (`[^|]+`) \| (\w+)/gm)].map(([, tables = '', writer = '']) => ({
    tables: [...tables.matchAll(/`(\w+)`/g)].map(([, table]) => table),
    writer,
  }));
  for (const [role, tables] of Object.entries(writes)) {
    const told = rows.filter(({ writer }) => writer === role).flatMap((row) => row.tables);
    expect(told.toSorted()).toEqual([...tables].toSorted());
  }
});
