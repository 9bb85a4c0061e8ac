import { finished } from 'node:stream/promises';
import { CsvError, parse } from 'csv-parse';
import { type Fault, shortened } from './cells.ts';

/** How a file is written; null: its first line tells. */
export type CsvForm = { delimiter: string | null; skipLines: number };

/** The cells of a line, and its number as an editor shows it. */
export type CsvRecord = { values: string[]; line: number };

/** No line of prices is longer; a quote that nobody closes would read the whole file as one. */
const MAX_RECORD_BYTES = 256 * 1024;
/** The headers are in there, and what stands before them. */
const MAX_HEAD = 64 * 1024;

/** A text that is no CSV: from there on, no cell is sure. */
export class CsvFault extends Error {
  override name = 'CsvFault';
  readonly fault: Fault;

  constructor(fault: Fault) {
    super(`line ${fault.line}: ${fault.expected}`);
    this.fault = fault;
  }
}

/** The records of a file of any length, one after the other; empty lines are none. @throws CsvFault */
export async function* readRecords(texts: AsyncIterable<string>, form: CsvForm): AsyncGenerator<CsvRecord, void> {
  const { delimiter, skipped, rest } = await begin(texts, form);
  const read: CsvRecord[] = [];
  let lastLine = skipped;
  /** The parser counts a line break of two characters inside of quotes twice. */
  let countedTwice = 0;
  /** Called for each record before a later one can fail: as a stream the parser would lose those between. */
  function keep(values: string[], { lines }: { lines: number }): null {
    let breaks = 0;
    for (const value of values) {
      if (!/[\r\n]/.test(value)) continue;
      const found = value.match(/\r\n|\r|\n/g) ?? [];
      breaks += found.length;
      countedTwice += found.filter((each) => each === '\r\n').length;
    }
    lastLine = skipped + lines - countedTwice;
    read.push({ values, line: lastLine - breaks });
    return null;
  }
  const parser = parse({
    delimiter,
    on_record: keep,
    relax_column_count: true,
    skip_empty_lines: true,
    max_record_size: MAX_RECORD_BYTES,
  });
  const ended = finished(parser.resume()).catch((error: unknown) => error);
  for await (const text of rest) {
    const isWritten = await new Promise((resolve) => parser.write(text, (error) => resolve(!error)));
    yield* read.splice(0);
    if (!isWritten) break;
  }
  parser.end();
  const error = await ended;
  yield* read.splice(0);
  if (!error) return;
  if (!(error instanceof CsvError)) throw error;
  const at = Number(error.lines) + skipped - countedTwice;
  throw new CsvFault(faultOf(error, { at, afterLine: lastLine }));
}

function faultOf({ code, message }: CsvError, { at, afterLine }: { at: number; afterLine: number }): Fault {
  const whole = { line: afterLine + 1, column: '', value: '' };
  switch (code) {
    case 'CSV_QUOTE_NOT_CLOSED':
      return { ...whole, expected: 'expected a closing quote: from here to its end the file is one cell' };
    case 'CSV_MAX_RECORD_SIZE':
      return { ...whole, expected: `expected a line of at most ${MAX_RECORD_BYTES} bytes: is a quote never closed?` };
    case 'INVALID_OPENING_QUOTE':
    case 'CSV_INVALID_CLOSING_QUOTE':
      return { ...whole, line: at, value: '"', expected: 'expected quotes around a whole cell, and "" inside of it' };
    default:
      return { ...whole, expected: `expected CSV: ${message}` };
  }
}

const delimiters = [',', ';', '\t', '|'];

type Begun = { delimiter: string; skipped: number; rest: AsyncIterable<string> };

/** Reads as far as the headers, to see what stands between them. */
async function begin(texts: AsyncIterable<string>, form: CsvForm): Promise<Begun> {
  const iterator = texts[Symbol.asyncIterator]();
  let lines: string[] = [];
  const isEnough = () => findHeaders(lines, form.skipLines) + 2 < lines.length || lines.join('').length >= MAX_HEAD;
  while (!isEnough()) {
    const next = await iterator.next();
    if (next.done) break;
    lines = (lines.join('') + next.value).split(/(?<=\r\n|\n|\r(?!\n))/);
  }
  const at = findHeaders(lines, form.skipLines);
  const said = /^sep=(.)\s*$/.exec(lines[at] ?? '')?.[1]; // Excel's own word for it
  const skipped = said === undefined ? form.skipLines : at + 1;
  const headers = (lines[said === undefined ? at : at + 1] ?? '').replaceAll(/"[^"]*"/g, '');
  const counts = delimiters.map((each) => headers.split(each).length);
  const found = delimiters[counts.indexOf(Math.max(...counts))] as string;
  async function* rest() {
    try {
      yield lines.slice(skipped).join('');
      for (let next = await iterator.next(); !next.done; next = await iterator.next()) yield next.value;
    } finally {
      await iterator.return?.(); // who has read enough leaves no file open
    }
  }
  return { delimiter: form.delimiter ?? said ?? found, skipped, rest: rest() };
}

/** The first line with anything in it. */
function findHeaders(lines: readonly string[], skipLines: number): number {
  const found = lines.findIndex((line, i) => i >= skipLines && line.trim() !== '');
  return found === -1 ? lines.length : found;
}

/** Bytes -> text without a byte order mark. @throws CsvFault */
export async function* decode(bytes: AsyncIterable<Uint8Array>, encoding: string): AsyncGenerator<string, void> {
  const decoder = new TextDecoder(encoding, { fatal: true });
  let line = 1;
  const decoded = (part: Uint8Array, stream: boolean): string => {
    try {
      return decoder.decode(part, { stream });
    } catch {
      throw new CsvFault(misfit(part, encoding, line));
    }
  };
  for await (const part of bytes) {
    const text = decoded(part, true);
    for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) line += 1;
    yield text;
  }
  yield decoded(new Uint8Array(), false);
}

/** The first line with a character that is none, as far as it can be read. */
function misfit(part: Uint8Array, encoding: string, firstLine: number): Fault {
  const lines = new TextDecoder(encoding).decode(part).split('\n');
  const at = lines.findIndex((text) => text.includes('\ufffd'));
  const expected = `expected ${encoding} from here on: save it as CSV UTF-8, or give --encoding windows-1252`;
  return { line: firstLine + Math.max(at, 0), column: '', value: shortened(lines[at]?.trim() ?? ''), expected };
}
