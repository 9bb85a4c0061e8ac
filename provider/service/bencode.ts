/** Bencode (BEP 3), in which rtpengine is asked: numbers, texts, lists, and dictionaries. */
export type Bencoded = number | string | Bencoded[] | { [key: string]: Bencoded };

export function encode(value: Bencoded): string {
  if (typeof value === 'number') return `i${value}e`;
  if (typeof value === 'string') return `${Buffer.byteLength(value)}:${value}`;
  if (Array.isArray(value)) return `l${value.map(encode).join('')}e`;
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return `d${entries.map(([key, each]) => encode(key) + encode(each)).join('')}e`;
}

/** Deeper than any answer of rtpengine. */
const MAX_DEPTH = 32;

/** @throws SyntaxError */
export function decode(bytes: Buffer): Bencoded {
  let at = 0;
  const fail = () => new SyntaxError(`no bencode at byte ${at}`);

  function until(end: string): string {
    const to = bytes.indexOf(end, at);
    if (to < 0) throw fail();
    const text = bytes.toString('latin1', at, to);
    at = to + 1;
    return text;
  }

  function text(): string {
    const length = until(':');
    const end = at + Number(length);
    if (!/^\d{1,9}$/.test(length) || end > bytes.length) throw fail();
    const found = bytes.toString('utf8', at, end);
    at = end;
    return found;
  }

  function next(depth: number): Bencoded {
    if (depth > MAX_DEPTH) throw fail();
    const kind = String.fromCharCode(bytes[at] ?? 0);
    if (/\d/.test(kind)) return text();
    at += 1;
    if (kind === 'i') {
      const number = until('e');
      if (!/^-?\d{1,20}$/.test(number)) throw fail();
      return Number(number);
    }
    if (kind !== 'l' && kind !== 'd') throw fail();
    const list: Bencoded[] = [];
    const dictionary: { [key: string]: Bencoded } = {};
    while (String.fromCharCode(bytes[at] ?? 0) !== 'e') {
      if (kind === 'l') list.push(next(depth + 1));
      else dictionary[text()] = next(depth + 1);
    }
    at += 1;
    return kind === 'l' ? list : dictionary;
  }

  const value = next(0);
  if (at !== bytes.length) throw fail();
  return value;
}
