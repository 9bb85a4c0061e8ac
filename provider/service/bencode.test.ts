import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Bencoded, decode, encode } from './bencode.ts';

test('a question as rtpengine reads it', () => {
  expect(encode({ command: 'query', 'call-id': 'a@b' })).toBe('d7:call-id3:a@b7:command5:querye');
});

const { value } = fc.letrec<{ value: Bencoded }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.integer(),
    fc.string({ unit: 'binary' }),
    fc.array(tie('value')),
    fc.dictionary(
      fc.string({ minLength: 1 }).filter((key) => key !== '__proto__'),
      tie('value'),
    ),
  ),
}));

test('what is written is read', () => {
  fc.assert(
    fc.property(value, (given) => {
      expect(decode(Buffer.from(encode(given)))).toEqual(given);
    }),
  );
});

test.each(['', 'x', 'i', 'ie', 'i1', '3:ab', '99999999999:a', 'l', 'di1e1:ae', 'd1:a', 'i1ei1e', 'l'.repeat(99)])(
  '%s is none',
  (text) => expect(() => decode(Buffer.from(text))).toThrow(SyntaxError),
);
