import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { MAX_CORRECTIONS } from '../api/cdrs/judge.ts';
import { refusalReasons, wordsOfRefusal } from '../protocol/call/permission.ts';
import { reasons } from '../protocol/call/reasons.ts';

const page = await readFile(join(import.meta.dirname, '../docs/providers.md'), 'utf8');

describe('the page for providers has the reasons as the code has them', () => {
  test.each(Object.entries(reasons))('%s', (group, codes) => {
    const table = [
      '| code | what was wrong | what you can do |',
      '| --- | --- | --- |',
      ...Object.entries(codes).map(([code, { what, remedy }]) => `| \`${code}\` | ${what} | ${remedy} |`),
    ];
    expect(page).toContain(`<!-- reasons: ${group} -->\n${table.join('\n')}\n\n`);
  });
});

test('and the bound of corrections', () => {
  expect(page).toContain(`| corrections of a call | ${MAX_CORRECTIONS} |`);
  expect(page.replace(/\s+/g, ' ')).toContain(`a call is corrected ${MAX_CORRECTIONS} times at most`);
});

test('the page of the API has the reasons why a call may not begin', async () => {
  const api = await readFile(join(import.meta.dirname, '../docs/api.md'), 'utf8');
  const table = [
    '| reason | meaning |',
    '| --- | --- |',
    ...refusalReasons.map((r) => `| \`${r}\` | ${wordsOfRefusal(r)} |`),
  ];
  expect(api).toContain(`<!-- refusals -->\n${table.join('\n')}\n\n`);
});
