/** A text is no JSON, or says one thing twice. `path` names the place of a key that stands twice. */
export class JsonFault extends Error {
  override name = 'JsonFault';
  readonly path: string | null;

  constructor(message: string, path: string | null) {
    super(message);
    this.path = path;
  }
}

/**
 * JSON in which each object has each key once. `JSON.parse` takes the last of two and says nothing; another reader
 * takes the first. Whoever signs or bills by such a document means one of them, and nobody knows which.
 * @throws JsonFault
 */
export function parseJson(text: string): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new JsonFault((error as Error).message, null);
  }
  // of a key that stands twice, one is lost
  if (membersIn(text) === keysIn(value)) return value;
  const path = findKeyTwice(text);
  if (path === null) return value;
  throw new JsonFault(`the key ${JSON.stringify(shortened(path.key))} stands twice at ${path.text}`, path.text);
}

/** Members of all objects in a text that `JSON.parse` has taken: a colon outside of a string stands for each. */
function membersIn(text: string): number {
  let members = 0;
  for (let i = 0; i < text.length; i += 1) {
    const at = text.charCodeAt(i);
    if (at === quote) i = endOfString(text, i);
    else if (at === colon) members += 1;
  }
  return members;
}

/** Keys of all objects in a value. No recursion, so any depth will do. */
function keysIn(value: unknown): number {
  let keys = 0;
  const open = [value];
  while (open.length > 0) {
    const inside = open.pop();
    if (typeof inside !== 'object' || inside === null) continue;
    const isList = Array.isArray(inside);
    for (const each of isList ? inside : Object.values(inside)) {
      if (!isList) keys += 1;
      if (typeof each === 'object') open.push(each);
    }
  }
  return keys;
}

/** What is open at a place of the text: an object with the keys so far, or a list with its index. */
type Open = { keys: Set<string> | null; at: string | number; isKeyNext: boolean };

const code = (character: string) => character.charCodeAt(0);
const [quote, comma, colon, backslash] = [code('"'), code(','), code(':'), code('\\')];
const [openObject, closeObject, openList, closeList] = [code('{'), code('}'), code('['), code(']')];

/**
 * One pass over a text that `JSON.parse` has taken: strings and brackets tell all. No recursion, so any depth will do.
 */
function findKeyTwice(text: string): { key: string; text: string } | null {
  const open: Open[] = [];
  let inside: Open | undefined;
  for (let i = 0; i < text.length; i += 1) {
    const at = text.charCodeAt(i);
    if (at === quote) {
      const end = endOfString(text, i);
      if (inside?.keys && inside.isKeyNext) {
        const key = unescaped(text.slice(i, end + 1));
        inside.at = key;
        inside.isKeyNext = false;
        if (inside.keys.has(key)) return { key, text: pathOf(open) };
        inside.keys.add(key);
      }
      i = end;
    } else if (at === openObject || at === openList) {
      const isObject = at === openObject;
      inside = { keys: isObject ? new Set() : null, at: 0, isKeyNext: isObject };
      open.push(inside);
    } else if (at === closeObject || at === closeList) {
      open.pop();
      inside = open.at(-1);
    } else if (at === comma && inside) {
      if (inside.keys) inside.isKeyNext = true;
      else inside.at = Number(inside.at) + 1;
    }
  }
  return null;
}

function endOfString(text: string, start: number): number {
  let end = start + 1;
  while (text.charCodeAt(end) !== quote) end += text.charCodeAt(end) === backslash ? 2 : 1;
  return end;
}

/** `"a"` and `"\u0061"` are one key. */
const unescaped = (quoted: string): string =>
  quoted.includes('\\') ? (JSON.parse(quoted) as string) : quoted.slice(1, -1);

/** A person needs no more to find the place. */
const MAX_STEPS = 8;
const MAX_KEY_LENGTH = 64;

function pathOf(open: readonly Open[]): string {
  const steps = open.slice(-MAX_STEPS).map(({ at }) => shortened(String(at)));
  return [...(open.length > MAX_STEPS ? ['…'] : []), ...steps].join('.');
}

const shortened = (key: string) => (key.length <= MAX_KEY_LENGTH ? key : `${key.slice(0, MAX_KEY_LENGTH)}…`);
