import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Books, cdrOf, createBooks } from './harness/books.ts';

let books: Books;
let escrowId: bigint;
beforeAll(async () => {
  books = await createBooks();
  escrowId = await books.openEscrow();
});
afterAll(() => books.destroy());

const code = (...points: number[]) => points.map((point) => String.fromCodePoint(point));
/** White space of all kinds, and what no reader sees. */
const unseen = [
  ...code(0x20, 0x09, 0x0a, 0x0d, 0x85, 0xa0, 0x1680, 0x2000, 0x2009, 0x200a, 0x2028, 0x2029, 0x202f, 0x205f, 0x3000),
  ...code(0x00, 0x07, 0x1b, 0x7f, 0x9f, 0xad, 0x34f, 0x61c, 0x115f, 0x1160, 0x17b4, 0x180b, 0x180e, 0x200b, 0x200c),
  ...code(0x200d, 0x200e, 0x202e, 0x2060, 0x2064, 0x2800, 0x3164, 0xfe00, 0xfe0f, 0xfeff, 0xffa0, 0xfff9, 0xe0001),
  ...code(0xe0041, 0xe0100, 0xd800, 0xdfff, 0xe000, 0x378),
];
/** The same letter to the eye, or under another normal form. */
const lookAlikes: Record<string, string> = {
  a: 'а',
  e: 'е',
  o: 'ο',
  i: 'і',
  c: 'с',
  1: '１',
  '-': '‐',
  '.': '．',
  '@': '＠',
};

const insertUnseen = (text: string) =>
  fc
    .tuple(fc.constantFrom(...unseen), fc.nat(text.length))
    .map(([character, i]) => text.slice(0, i) + character + text.slice(i));
const replaceAlike = (text: string) => {
  const places = [...text].flatMap((letter, i) => (lookAlikes[letter] ? [i] : []));
  if (places.length === 0) return insertUnseen(text);
  return fc.constantFrom(...places).map((i) => text.slice(0, i) + lookAlikes[text[i] as string] + text.slice(i + 1));
};

const callId = fc.string({ unit: fc.constantFrom(...'abcdefio019-._@+'), minLength: 1, maxLength: 40 });
const spellingOf = (text: string) => fc.oneof(insertUnseen(text), replaceAlike(text));

describe('a call has one spelling', () => {
  test('a callId with a character that nobody sees, or that looks like another, is refused', async () => {
    const spelled = callId.chain((text) => fc.tuple(fc.constant(text), spellingOf(text)));
    await fc.assert(
      fc.asyncProperty(spelled, async ([first, second]) => {
        const cdr = cdrOf(books, escrowId, { callId: first });
        await books.submit(cdr);
        const [again] = await books.submit({ ...cdr, callId: second });
        expect(again?.verdict).toBe('invalid');
        expect(again?.reason).toMatch(/^callId: expected visible ASCII characters/);
      }),
      { numRuns: 300 },
    );
  });

  test('every other field in another spelling is the same CDR, or none, or in conflict with the first', async () => {
    const change = fc.oneof(
      ...(['from', 'to', 'hangupBy', 'user', 'direction', 'disposition'] as const).map((field) =>
        fc
          .constantFrom('+31201234567', 'sip:cafe@example.org', 'caller')
          .chain((text) => spellingOf(text).map((other) => ({ field, text, other }))),
      ),
      fc.constant({ field: 'from', text: 'caf\u00e9', other: 'cafe\u0301' }),
      fc.constant({ field: 'to', text: '\u00c5', other: '\u212b' }),
    );
    await fc.assert(
      fc.asyncProperty(callId, change, async (id, { field, text, other }) => {
        const isFree = ['from', 'to', 'hangupBy'].includes(field);
        const cdr = {
          ...cdrOf(books, escrowId, { callId: `${id}-${crypto.randomUUID()}` }),
          ...(isFree && { [field]: text }),
        };
        const [first] = await books.submit(cdr);
        const [again] = await books.submit({ ...cdr, [field]: other });
        expect(first?.verdict).toBe('accepted');
        expect(['invalid', 'conflict']).toContain(again?.verdict);
      }),
      { numRuns: 300 },
    );
  });

  const signature = 'ab'.repeat(64);
  const json = (text: string) => JSON.parse(text) as unknown;
  test.each<[string, Record<string, unknown>, Record<string, unknown>]>([
    ['a time of another offset', { endedAt: '2026-01-01T12:00:00Z' }, { endedAt: '2026-01-01T13:30:00.000+01:30' }],
    ['a time of more digits', { endedAt: '2026-01-01T12:00:00.5Z' }, { endedAt: '2026-01-01T12:00:00.500000000Z' }],
    [
      'hex in capitals',
      { voucher: { total: '1', signature } },
      { voucher: { total: '1', signature: 'AB'.repeat(64) } },
    ],
    ['a number with a fraction', { escrowId: 1 }, { escrowId: json('1.0') }],
    ['a number with an exponent', { sipStatus: 200 }, { sipStatus: json('2e2') }],
    ['null for what is absent', {}, { hangupBy: null, voucher: null, corrects: null }],
  ])('%s is the same CDR', async (_, one, other) => {
    const cdr = cdrOf(books, escrowId, one);
    const [first] = await books.submit(cdr);
    expect(first?.verdict).toBe('accepted');
    expect(await books.submit({ ...cdr, ...other })).toEqual([{ ...first, verdict: 'duplicate' }]);
  });

  test.each<[string, Record<string, unknown>, RegExp]>([
    ['a blank before from', { from: ' +31201234567' }, /^from: expected no white space at its ends/],
    ['a blank behind to', { to: 'sip:bob@example.org ' }, /^to: expected no white space at its ends/],
    ['a no-break space in to', { to: 'a\u00a0b' }, /^to: expected visible characters only/],
    ['decomposed letters', { from: 'cafe\u0301' }, /^from: expected Unicode normal form C/],
    ['an hour that no clock shows', { endedAt: '2026-01-01T24:00:00Z' }, /^endedAt: expected a time/],
    ['an escrow beyond what JSON holds', { escrowId: 2 ** 53 }, /^escrowId: /],
    ['a total with a leading zero', { voucher: { total: '01', signature } }, /^voucher.total: /],
  ])('%s is refused, with the reason', async (_, given, reason) => {
    const [verdict] = await books.submit(cdrOf(books, escrowId, given));
    expect(verdict).toMatchObject({ verdict: 'invalid', id: null, reason: expect.stringMatching(reason) });
  });

  test('Postgres takes no callId of another form, whoever writes', async () => {
    const columns = {
      provider: books.provider,
      user: books.user,
      escrowId,
      direction: 'outbound',
      from: '1',
      to: '2',
    } as const;
    const rest = { startedAt: new Date(), endedAt: new Date(), disposition: 'failed', sipStatus: 500 } as const;
    const row = { ...columns, ...rest, contentHash: Buffer.of(1), salt: Buffer.alloc(16) };
    for (const callId of ['x ', 'x\u200b', 'х', 'x\n', ''])
      await expect(
        books.db
          .insertInto('cdrs')
          .values({ ...row, callId })
          .execute(),
      ).rejects.toMatchObject({ code: '23514' });
  });
});
