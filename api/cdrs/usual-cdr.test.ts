import canonicalize from 'canonicalize';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { submittedCdrSchema } from '../../protocol/api/cdrs.ts';
import { createKey } from '../../protocol/sign/key.ts';
import { contentHash, contentOf } from './content.ts';
import { readUsual } from './usual-cdr.ts';

const user = createKey().address;
const usual = {
  callId: 'a1b2@proxy.example.org',
  escrowId: 7,
  user,
  direction: 'outbound',
  from: '+31201234567',
  to: 'sip:+4930123456@example.org',
  startedAt: '2026-01-31T12:00:00.000Z',
  answeredAt: '2026-01-31T12:00:05.250Z',
  endedAt: '2026-01-31T12:01:00.000Z',
  disposition: 'answered',
  sipStatus: 200,
};

const text = fc.oneof(
  fc.string({ maxLength: 300, unit: 'grapheme' }),
  fc.string({ maxLength: 12 }),
  fc.constantFrom(
    '',
    ' ',
    'a b',
    ' a',
    'a ',
    'é',
    'e\u0301',
    '\u200b',
    'x'.repeat(255),
    'x'.repeat(256),
    '+31201234567',
  ),
);
const time = fc.oneof(
  fc.date({ noInvalidDate: true }).map((date) => date.toISOString()),
  fc.constantFrom(
    '2026-02-30T12:00:00.000Z',
    '2026-02-28T24:00:00.000Z',
    '2026-01-31T12:00:60.000Z',
    '2026-01-31T12:00:00Z',
    '2026-01-31T12:00:00.000+01:00',
    '1999-12-31T12:00:00.000Z',
    '2200-01-01T00:00:00.000Z',
  ),
);
const number = fc.oneof(fc.integer(), fc.double(), fc.constantFrom(0, -1, 100, 699, 700, 2 ** 53, 1.5));
const others = fc.constantFrom<unknown>(null, undefined, true, [], {}, '7', 7);
const changes = fc.oneof(
  ...['callId', 'from', 'to', 'hangupBy', 'direction', 'disposition', 'user'].map((name) =>
    fc.record({ [name]: text }),
  ),
  ...['startedAt', 'answeredAt', 'endedAt'].map((name) => fc.record({ [name]: time })),
  ...['escrowId', 'sipStatus', 'corrects'].map((name) => fc.record({ [name]: number })),
  ...[...Object.keys(usual), 'hangupBy', 'corrects', 'voucher', 'more'].map((name) => fc.record({ [name]: others })),
  fc.constant({ voucher: { total: '7', signature: 'AB'.repeat(64) } }),
);

test('a usual CDR is read as by its schema, or left to it', () => {
  fc.assert(
    fc.property(fc.array(changes, { maxLength: 2 }), (made) => {
      const item = Object.assign({}, usual, ...made);
      const parsed = submittedCdrSchema.safeParse(item);
      const found = readUsual(item);
      if (found) expect(found).toEqual(parsed.success && contentOf(parsed.data));
      if (parsed.success) {
        const content = contentOf(parsed.data);
        expect(JSON.stringify(content)).toBe(canonicalize(content));
        if (found) expect(contentHash(found)).toBe(contentHash(content));
      }
    }),
    { numRuns: 3_000 },
  );
});

test('what a proxy sends needs no schema', () => {
  for (const item of [
    usual,
    { ...usual, answeredAt: null, disposition: 'busy', sipStatus: 486, hangupBy: 'callee' },
    { ...usual, corrects: 5, voucher: null, hangupBy: null },
  ])
    expect(readUsual(item)).not.toBeNull();
});

test('what is no object is nothing usual', () => {
  for (const item of [null, 7, 'x', [], [usual], undefined]) expect(readUsual(item)).toBeNull();
});
