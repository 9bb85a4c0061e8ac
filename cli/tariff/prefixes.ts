import { MAX_ENTRIES } from '../../protocol/call/rate-deck.ts';
import type { Read } from './read.ts';

/** As many as a deck may hold: a longer range can't be meant. */
const MAX_EXPANDED = MAX_ENTRIES;
/** E.164: a number has 15 digits at most. */
const MAX_DIGITS = 15;

/** How the entries beside E.164 are written in a file; an empty cell may be a forgotten one. */
const words = new Map([
  ['default', ''],
  ['*', ''],
  ['neo:', 'neo:'],
  ['in:', 'in:'],
  ['sms:', 'sms:'],
]);

const expectedPrefix =
  'expected digits (31, +31 or 0031), a list or range of them (3120,3123-3126), default, neo:, in: or sms:';
const expectedCountry = 'expected one country code: digits, e.g. 31, +31 or 0031';
const expectedAreas = 'expected digits, a list or a range of them, e.g. 20,23-26';

/** `31`, `+31`, `0031`, `3120,3123-3126`, `default` -> prefixes of a deck */
export function readPrefixes(cell: string): Read<string[]> {
  const word = words.get(cell.toLowerCase());
  if (word !== undefined) return { value: [word] };
  const items = cell.split(',').map((item) => item.replaceAll(/(^|-)\s*(?:\+|00)/g, '$1'));
  return expand('', items, expectedPrefix);
}

/** The one for the default; the others stand as they are. */
export const writePrefix = (prefix: string): string => (prefix === '' ? 'default' : prefix);

/** A country code and the area codes behind it; none of those: the whole country. */
export function readAreas(country: string, areas: string): Read<string[]> {
  const code = toE164(country);
  if (code === null) return { expected: expectedCountry };
  if (areas === '') return { value: [code] };
  return expand(code.slice(1), areas.split(/[,;|]/), expectedAreas);
}

function expand(country: string, items: string[], expected: string): Read<string[]> {
  const prefixes: string[] = [];
  for (const item of items) {
    const range = readRange(item.trim());
    if (range === null) return { expected };
    if ('expected' in range) return range;
    const { from, to, width } = range;
    if (prefixes.length + to - from >= MAX_EXPANDED)
      return { expected: `expected at most ${MAX_EXPANDED} prefixes in a line` };
    for (let n = from; n <= to; n += 1) {
      const prefix = toE164(country + n.toString().padStart(width, '0'));
      if (prefix === null) return { expected };
      prefixes.push(prefix);
    }
  }
  return { value: prefixes };
}

type Range = { from: number; to: number; width: number };

/** Digits of at most 15 places are exact as a number. */
function readRange(item: string): Range | { expected: string } | null {
  const [, first, last = first] = /^(\d{1,15})(?:\s*-\s*(\d{1,15}))?$/.exec(item) ?? [];
  if (first === undefined || last === undefined) return null;
  if (first.length !== last.length) return { expected: 'expected a range between codes of the same length' };
  if (first > last) return { expected: 'expected a range that begins with its smaller code' };
  return { from: Number(first), to: Number(last), width: first.length };
}

/** `31`, `+31`, `0031` -> `+31`; no code of E.164 begins with 0. */
function toE164(text: string): string | null {
  const digits = text.replace(/^(\+|00)/, '');
  return /^[1-9]\d*$/.test(digits) && digits.length <= MAX_DIGITS ? `+${digits}` : null;
}
