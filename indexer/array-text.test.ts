import { expect, test } from 'vitest';
import { type Form, jsonLines, plain, quoted, times } from './array-text.ts';

const rows = (...values: (string | bigint | Date | boolean | null)[]) => values.map((value) => ({ value }));

const text = (form: Form, ...pieces: ReturnType<typeof rows>[]) =>
  form.whole(pieces.map((piece) => form.piece(piece, 'value')));

test('a column as an array of Postgres', () => {
  expect(text(plain, rows('0xab', 5n, null, true))).toBe('{0xab,5,NULL,true}');
  expect(text(quoted, rows('a "b", {c}', 'NULL', null, 'back\\slash', ''))).toBe(
    String.raw`{"a \"b\", {c}","NULL",NULL,"back\\slash",""}`,
  );
  const [one, two] = [new Date(0), new Date(1_000)];
  expect(text(times, rows(null, one, one, two, null, one))).toBe(
    '{NULL,1970-01-01T00:00:00.000Z,1970-01-01T00:00:00.000Z,1970-01-01T00:00:01.000Z,NULL,1970-01-01T00:00:00.000Z}',
  );
  expect(text(jsonLines, rows('{"a":1}', '{"b":"\\n"}'))).toBe('{"a":1}\n{"b":"\\n"}');
});

test('rows that come in pieces are one array', () => {
  const [one, two] = [rows('a', null), rows('b')];
  expect([plain, quoted].map((form) => text(form, one, two))).toEqual(['{a,NULL,b}', '{"a",NULL,"b"}']);
  expect(text(times, rows(new Date(0)), rows(null))).toBe('{1970-01-01T00:00:00.000Z,NULL}');
  expect(text(jsonLines, rows('1', '2'), rows('3'))).toBe('1\n2\n3');
});

test('no rows are an empty array', () => {
  expect([plain, quoted, times].map((form) => text(form))).toEqual(['{}', '{}', '{}']);
  expect(text(jsonLines)).toBe(''); // string_to_array makes no element of it
});
