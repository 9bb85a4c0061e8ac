import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { JsonFault, parseJson } from './json.ts';

function faultOf(text: string): JsonFault {
  try {
    parseJson(text);
  } catch (error) {
    if (error instanceof JsonFault) return error;
    throw error;
  }
  throw new Error(`it is taken: ${text.slice(0, 100)}`);
}

describe('a key twice in one object', () => {
  test.each([
    ['{"a":1,"a":2}', 'a'],
    ['{"a":1,"a":1}', 'a'],
    ['{"cdrs":[{"callId":"x"},{"callId":"x","sipStatus":200,"callId":"y"}]}', 'cdrs.1.callId'],
    ['{"cdrs":[],"cdrs":[]}', 'cdrs'],
    ['[[0,{"voucher":{"total":"1","signature":"{","total":"2"}}]]', '0.1.voucher.total'],
    ['{"a":{"b":1},"c":[1,[2,3],{"b":1}],"a":0}', 'a'],
    ['{"a\\"b":1,"a\\u0022b":2}', 'a"b'],
    ['{"a":1,"\\u0061":2}', 'a'],
    ['{"\\\\":1,"\\\\":2}', '\\'],
    ['{"":1,"":2}', ''],
    ['{"__proto__":1,"__proto__":2}', '__proto__'],
    ['{"constructor":1,"x":"\\\\","constructor":2}', 'constructor'],
    [' { "a" : "," , "b" : "}" , "a" : "[" } ', 'a'],
  ])('%s', (text, path) => {
    expect(faultOf(text).path).toBe(path);
  });

  test('is named, in a message that stays short', () => {
    expect(faultOf('{"cdrs":[{"to":"1","to":"2"}]}').message).toBe('the key "to" stands twice at cdrs.0.to');
    const key = 'k'.repeat(10_000);
    const deep = `${'[0,'.repeat(10_000)}{"${key}":1,"${key}":2}${']'.repeat(10_000)}`;
    expect(faultOf(deep).message.length).toBeLessThan(300);
  });
});

test('whatever JSON.stringify makes is read as JSON.parse reads it', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 6 }), fc.constantFrom(0, 2), (value, indent) => {
      const text = JSON.stringify(value, null, indent);
      expect(parseJson(text)).toEqual(JSON.parse(text));
    }),
    { numRuns: 500 },
  );
});

test('a second member of a key is found wherever it stands, and whatever stands around it', () => {
  const members = fc.uniqueArray(fc.tuple(fc.string(), fc.jsonValue({ maxDepth: 3 })), {
    minLength: 1,
    maxLength: 8,
    selector: ([key]) => key,
  });
  fc.assert(
    fc.property(members, fc.nat(), fc.nat(), fc.jsonValue(), (all, which, place, value) => {
      const [key] = all[which % all.length] as [string, unknown];
      const doubled = all.toSpliced(place % (all.length + 1), 0, [key, value]);
      const text = doubled.map(([name, each]) => `${JSON.stringify(name)}:${JSON.stringify(each)}`).join(',');
      expect(() => parseJson(`{"outer":[{${text}}]}`)).toThrow(JsonFault);
    }),
    { numRuns: 500 },
  );
});

test.each(['', '{', '{"a":}', "{'a':1}", '[1,]', '\u0000', '01', 'NaN'])('%j is no JSON', (text) => {
  expect(faultOf(text).path).toBe(null);
});

test('the largest body is read at once, however deep or wide', () => {
  const size = 2 * 1024 * 1024;
  const texts = [
    '['.repeat(size / 2) + ']'.repeat(size / 2),
    `${'{"a":'.repeat(size / 6)}1${'}'.repeat(size / 6)}`,
    `[${Array.from({ length: size / 8 }, () => '{"a":1}').join(',')}]`,
    `{${Array.from({ length: size / 12 }, (_, i) => `"${i}":1`).join(',')}}`,
    `"${'\\\\'.repeat(size / 2)}"`,
  ];
  for (const text of texts) {
    const started = performance.now();
    parseJson(text);
    // Some 100 ms on an idle machine. What grows with the square of the size would take minutes.
    expect(performance.now() - started).toBeLessThan(5_000);
  }
});
