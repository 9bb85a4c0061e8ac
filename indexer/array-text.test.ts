import { expect, test } from 'vitest';
import { jsonLines, plain, quoted, times } from './array-text.ts';

const rows = (...values: (string | bigint | Date | boolean | null)[]) => values.map((value) => ({ value }));

test('a column as an array of Postgres', () => {
  expect(plain.text(rows('0xab', 5n, null, true), 'value')).toBe('{0xab,5,NULL,true}');
  expect(quoted.text(rows('a "b", {c}', 'NULL', null, 'back\\slash', ''), 'value')).toBe(
    String.raw`{"a \"b\", {c}","NULL",NULL,"back\\slash",""}`,
  );
  const [one, two] = [new Date(0), new Date(1_000)];
  expect(times.text(rows(null, one, one, two, null, one), 'value')).toBe(
    '{NULL,1970-01-01T00:00:00.000Z,1970-01-01T00:00:00.000Z,1970-01-01T00:00:01.000Z,NULL,1970-01-01T00:00:00.000Z}',
  );
  expect(jsonLines.text(rows('{"a":1}', '{"b":"\\n"}'), 'value')).toBe('{"a":1}\n{"b":"\\n"}');
});

test('no rows are an empty array', () => {
  expect([plain, quoted, times].map((form) => form.text([], 'value'))).toEqual(['{}', '{}', '{}']);
  expect(jsonLines.text([], 'value')).toBe(''); // string_to_array makes no element of it
});
