import { readDialled } from '../call/dialled.ts';

/** People, and vCards of them (RFC 6350, and the 2.1 and 3.0 that telephones still write). */

export type Contact = {
  id: string;
  name: string;
  /** Numbers as the whole world dials them, and NEO addresses. */
  reach: string[];
  note: string;
};

/** More than anybody knows; a file that is longer is none of people. */
export const MAX_CONTACTS = 10_000;
const MAX_NAME = 200;
const MAX_NOTE = 2_000;
const MAX_REACH = 20;

export type ReadContacts = {
  contacts: Omit<Contact, 'id'>[];
  /** Cards in which nobody could be called. */
  unusable: number;
};

type Property = { name: string; parameters: string; value: string };

export function readVcards(text: string): ReadContacts {
  const contacts: ReadContacts['contacts'] = [];
  let unusable = 0;
  let card: Property[] | null = null;
  for (const line of unfold(text)) {
    const property = readProperty(line);
    if (property === null) continue;
    if (property.name === 'BEGIN' && /^vcard$/i.test(property.value)) card = [];
    else if (property.name === 'END' && card !== null) {
      const contact = contactOf(card);
      if (contact === null) unusable += 1;
      else if (contacts.length < MAX_CONTACTS) contacts.push(contact);
      card = null;
    } else card?.push(property);
  }
  return { contacts, unusable };
}

/** A line that begins with a blank goes on with the one before; so does one of quoted-printable that ends with =. */
function unfold(text: string): string[] {
  const lines = text
    .replace(/\r\n?/g, '\n')
    .replace(/\n[ \t]/g, '')
    .split('\n');
  const joined: string[] = [];
  for (const line of lines) {
    const last = joined.at(-1);
    if (last?.endsWith('=') && /ENCODING=QUOTED-PRINTABLE/i.test(last))
      joined[joined.length - 1] = last.slice(0, -1) + line;
    else joined.push(line);
  }
  return joined;
}

function readProperty(line: string): Property | null {
  const colon = colonOf(line);
  if (colon < 0) return null;
  const [name = '', ...rest] = line.slice(0, colon).split(';');
  const parameters = rest.join(';');
  const value = line.slice(colon + 1);
  // item1.TEL: a group's name comes first
  const bare = name.replace(/^.*\./, '').toUpperCase();
  return { name: bare, parameters, value: /QUOTED-PRINTABLE/i.test(parameters) ? readQuoted(value) : value };
}

/** The first one that no quotation marks surround. */
function colonOf(line: string): number {
  let isQuoted = false;
  for (let at = 0; at < line.length; at += 1) {
    if (line[at] === '"') isQuoted = !isQuoted;
    if (line[at] === ':' && !isQuoted) return at;
  }
  return -1;
}

function readQuoted(value: string): string {
  const bytes = [...value.matchAll(/=([0-9A-F]{2})|([^=])/gi)].flatMap(([, hex, char]) =>
    hex === undefined ? [...new TextEncoder().encode(char)] : [Number.parseInt(hex, 16)],
  );
  return new TextDecoder().decode(Uint8Array.from(bytes));
}

const unescaped = (value: string) => value.replace(/\\([\\,;nN])/g, (_, char) => (/n/i.test(char) ? '\n' : char));

function contactOf(card: readonly Property[]): Omit<Contact, 'id'> | null {
  const of = (...names: string[]) => card.filter(({ name }) => names.includes(name)).map(({ value }) => value);
  const reach = of('TEL', 'IMPP', 'X-NEO-ADDRESS').flatMap((value) => {
    const dialled = readDialled(unescaped(value));
    if (dialled.kind === 'number') return [dialled.number];
    return dialled.kind === 'neo' ? [dialled.address] : [];
  });
  const [full] = of('FN');
  const [parts] = of('N');
  const [family = '', given = ''] = (parts ?? '').split(/(?<!\\);/).map(unescaped);
  const name = (full === undefined ? `${given} ${family}` : unescaped(full))
    .replace(/\s+/g, ' ')
    .trim()
    .slice(0, MAX_NAME);
  if (reach.length === 0) return null;
  const [first] = reach;
  const note = unescaped(of('NOTE')[0] ?? '').slice(0, MAX_NOTE);
  return { name: name === '' ? (first ?? '') : name, reach: [...new Set(reach)].slice(0, MAX_REACH), note };
}

const escaped = (text: string) =>
  text
    .replace(/[\\,;]/g, (char) => `\\${char}`)
    .replace(/\r?\n/g, '\\n')
    .replace(/\p{Cc}/gu, '');

/** RFC 6350: a line holds at most 75 bytes, and a character is never cut in two. */
const MAX_LINE = 75;

function fold(line: string): string {
  let folded = '';
  let length = 0;
  for (const char of line) {
    const bytes = new TextEncoder().encode(char).length;
    if (length + bytes > MAX_LINE) {
      folded += '\r\n ';
      length = 1;
    }
    folded += char;
    length += bytes;
  }
  return folded;
}

export const writeVcards = (contacts: readonly Contact[]): string => contacts.map(writeVcard).join('');

function writeVcard({ id, name, reach, note }: Contact): string {
  const lines = ['BEGIN:VCARD', 'VERSION:4.0', `UID:urn:uuid:${id}`, `FN:${escaped(name)}`];
  for (const each of reach)
    lines.push(each.startsWith('+') ? `TEL;VALUE=uri:tel:${each}` : `X-NEO-ADDRESS:${escaped(each)}`);
  if (note !== '') lines.push(`NOTE:${escaped(note)}`);
  return `${[...lines, 'END:VCARD'].map(fold).join('\r\n')}\r\n`;
}
