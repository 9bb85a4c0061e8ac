import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Contact, readVcards, writeVcards } from './vcard.ts';

const address = 'NZjfxBCPQ6bMTWB1mkLj95PzNRbBT2fZ9t';

test('cards of other programs are read, old ones too', () => {
  const text = [
    ...['BEGIN:VCARD', 'VERSION:2.1', 'N;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:M=C3=BCller;J=C3=B6rg;;;'],
    ...['TEL;CELL:+49 170 1234567', 'TEL;HOME:030 1234', 'END:VCARD'],
    ...[
      'BEGIN:VCARD',
      'VERSION:3.0',
      'FN:Ann \\, the\\n',
      '  Second',
      'item1.TEL;TYPE="voice,home":tel:+31-20-1234567',
    ],
    ...['item1.X-ABLabel:work', `IMPP:sip:${address}@phone.test`, 'NOTE:a\\;b', 'PHOTO;BASE64:', '  abcd', 'END:VCARD'],
    ...['BEGIN:VCARD', 'FN:Nobody', 'EMAIL:a@b.c', 'END:VCARD'],
  ].join('\r\n');
  expect(readVcards(text)).toEqual({
    contacts: [
      { name: 'Jörg Müller', reach: ['+491701234567'], note: '' },
      { name: 'Ann , the Second', reach: ['+31201234567', address], note: 'a;b' },
    ],
    unusable: 1,
  });
});

test('what was written is read again, whatever stands in it', () => {
  const text = fc.string({ unit: 'grapheme', maxLength: 200 }).map((each) => each.replace(/\p{Cc}/gu, ''));
  const contact = fc.record({
    id: fc.uuid(),
    name: text.filter((name) => name.replace(/\s+/g, ' ').trim() === name && name !== ''),
    reach: fc.uniqueArray(fc.constantFrom('+31201234567', '+491701234567', address), { minLength: 1 }),
    note: text,
  });
  fc.assert(
    fc.property(fc.array(contact, { maxLength: 5 }), (contacts: Contact[]) => {
      const written = writeVcards(contacts);
      for (const line of written.split('\r\n')) expect(new TextEncoder().encode(line).length).toBeLessThanOrEqual(75);
      const { contacts: read, unusable } = readVcards(written);
      expect(unusable).toBe(0);
      expect(read).toEqual(contacts.map(({ name, reach, note }) => ({ name, reach, note })));
    }),
  );
});

test('a name can not end its line, nor its card', () => {
  const evil = { id: '1', name: 'x\r\nEND:VCARD\r\nBEGIN:VCARD', reach: ['+31201234567'], note: '' };
  expect(readVcards(writeVcards([evil])).contacts).toHaveLength(1);
});

test('any text is read without harm', () => {
  fc.assert(fc.property(fc.string(), (text) => readVcards(`BEGIN:VCARD\n${text}\nEND:VCARD`).contacts.length <= 1));
});
