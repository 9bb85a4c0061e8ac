import { type InnerList, type Item, parseDictionary } from 'structured-headers';

/** A member of a structured dictionary, and its text behind the label where that can't be written anew. */
export type Member = { value: Item | InnerList; text: string; isVerbatim: boolean };

/** A string, a Display String, what stands between them, and the comma that ends a member. */
const pieces = /%"[^"]*"|"(?:\\.|[^"\\])*"|[^"%,]+|[,%"]/g;
/** A Date or a Decimal as a bare item: behind `=`, in or between the brackets of a list. */
const unwritable = /(?<=[=( ])(?:@-?\d{1,15}|-?\d{1,12}\.\d{1,3})(?=[;) ]|\s*$)/g;

/**
 * The members of a structured dictionary (RFC 9651), each read on its own: what a proxy adds under a label of its own
 * is no matter of ours, whatever types it uses, and even where it can't be read at all. Of two of one label the last
 * counts.
 *
 * The library reads a Date only at the end of a text, and writes the Decimal 1.0 as 1. Both are read as a token here:
 * no parameter that we look at is of such a type; `isVerbatim` says that the text must stand for the value.
 */
export function membersOf(dictionary: string): Map<string, Member> {
  const members = new Map<string, Member>();
  for (const parts of split(dictionary)) {
    const text = parts.join('').trim();
    const readable = parts.map((part) => (/^%?"/.test(part) ? part : part.replace(unwritable, 'token'))).join('');
    const read = readOne(readable.trim());
    if (!read) continue;
    members.set(read.label, {
      value: read.value,
      text: text.slice(read.label.length + 1),
      isVerbatim: readable.trim() !== text,
    });
  }
  return members;
}

function split(dictionary: string): string[][] {
  const members: string[][] = [[]];
  for (const piece of dictionary.match(pieces) ?? []) {
    if (piece === ',') members.push([]);
    else members.at(-1)?.push(piece);
  }
  return members;
}

function readOne(text: string): { label: string; value: Item | InnerList } | null {
  try {
    const [[label, value] = []] = parseDictionary(text);
    return label === undefined || value === undefined ? null : { label, value };
  } catch {
    return null; // whose it is knows why
  }
}
