import { type Address, addressSchema } from '../../../protocol/types/address.ts';

/** What a person means by what they typed, pasted or clicked on. */
export type Dialled =
  | { kind: 'number'; number: string }
  | { kind: 'neo'; address: Address }
  /** Digits of the country that they call from, or a service number: the provider would not know which. */
  | { kind: 'national'; digits: string }
  | { kind: 'nothing' };

/** What people write into numbers to read them better, and what a clipboard adds unseen. */
const separators = /[\s().\-/\u00a0\u2010-\u2015\u200b-\u200f\u202a-\u202e\u2066-\u2069]/g;
const letters = 'abcdefghijklmnopqrstuvwxyz';
const keysOfLetters = '22233344455566677778889999';

/** At most this long: the 15 digits of E.164 with whatever was written between them. */
const MAX_TEXT = 100;

export function readDialled(text: string): Dialled {
  const given = text.trim().slice(0, MAX_TEXT);
  const bare = given.replace(/^(?:sips?|tel|neo):/i, '').replace(/[;?@].*$/, '');
  const address = addressSchema.safeParse(bare);
  if (address.success) return { kind: 'neo', address: address.data };
  if (/^\p{L}/u.test(bare)) return { kind: 'nothing' }; // a name
  const keys = toDigits(bare.replace(/\(0\)/g, '').replace(separators, ''));
  const international = keys.replace(/^00/, '+');
  if (/^\+[1-9]\d{2,14}$/.test(international)) return { kind: 'number', number: international };
  return /^\d{1,15}$/.test(keys) ? { kind: 'national', digits: keys } : { kind: 'nothing' };
}

/** A number of the person's own country, as the whole world dials it. `country` is its code, such as `+31`. */
export const international = (digits: string, country: string): string => `${country}${digits.replace(/^0/, '')}`;

/** The keys of a pad have letters, and some numbers are given by them; other scripts write digits of their own. */
function toDigits(text: string): string {
  return [...text.normalize('NFKC')]
    .map((char) => {
      const at = letters.indexOf(char.toLowerCase());
      if (at >= 0) return keysOfLetters[at];
      const digit = digitOf(char);
      return digit ?? char;
    })
    .join('');
}

/** Arabic-Indic, Persian and Devanagari digits stand ten in a row. */
const zeros = [0x0660, 0x06f0, 0x0966];

function digitOf(char: string): string | null {
  const code = char.codePointAt(0) ?? 0;
  const zero = zeros.find((each) => code >= each && code < each + 10);
  return zero === undefined ? null : String(code - zero);
}

/** What the pad's keys send during a call, out of what was typed or pasted. */
export const toTones = (text: string): string => toDigits(text.replace(separators, '')).replace(/[^0-9*#,]/g, '');
