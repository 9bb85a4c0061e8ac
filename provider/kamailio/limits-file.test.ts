import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { defaultLimits, limitsJson, limitsSchema, readLimits } from './limits-file.ts';

describe('limits.json', () => {
  test('as it is written says what it is without a file', () => {
    expect(readLimits(limitsJson())).toEqual({ limits: defaultLimits });
    expect(readLimits('{}')).toEqual({ limits: defaultLimits });
  });

  test('what is left out of a limit is no limit', () => {
    expect(readLimits('{"total": {"refuse": 5}}')).toMatchObject({ limits: { total: { warn: null, refuse: 5 } } });
  });

  test.each<[string, string[]]>([
    ['{\n"total": {"warn": 1,\n "refus": 2}}', [':3: total.refus is no limit; did you mean refuse?']],
    ['{\n\n"perMinut": {}}', [':3: perMinut is no limit; did you mean perMinute?']],
    ['{"total": {"warn": 9, "refuse": 5}}', [':1: total: expected warn below refuse']],
    ['{"total": {"warn": 1.5}}', [':1: total.warn: expected calls, a whole number, or null']],
    ['{"ratePerSecond": {"refuse": 5}}', [':1: ratePerSecond.refuse: expected datoshi as a decimal string']],
    ['{"hours": ["7-23"]}', [':1: hours.0: expected hours in UTC, e.g. "07:00-23:00"']],
    ['{\n"blockedPrefixes": ["0900"]}', [':2: blockedPrefixes.0: expected E.164 prefixes']],
    ['{"longestCall": {"refuse": 0}}', [':1: longestCall.refuse: expected seconds, 1 to 86400']],
    ['{"callsPerSecond": {"refuse": 10000}}', [':1: callsPerSecond.refuse: expected calls, below 10000']],
    ['{\n"total": 5,\n"dryRun": 1}', [':3: dryRun: expected true or false', ':2: total: ']],
    ['{\n"total": }', [': it is no JSON']],
    ['[]', [':1: it: ']],
  ])('%s', (text, expected) => {
    const read = readLimits(text);
    const faults = 'faults' in read ? read.faults : [];
    expect(faults).toEqual(expected.map((words) => expect.stringContaining(words)));
  });

  test('has a line on the page for each of its names', () => {
    const page = readFileSync(join(import.meta.dirname, '../../docs/provider.md'), 'utf8');
    for (const name of Object.keys(limitsSchema.shape)) expect(page).toContain(`| \`${name}\` |`);
  });
});
