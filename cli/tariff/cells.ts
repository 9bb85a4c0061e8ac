import type { Field } from './column-names.ts';
import type { Layout } from './columns.ts';
import { isBad, type Read } from './read.ts';

/** What is wrong with a cell. */
export type Fault = { line: number; column: string; value: string; expected: string };

/** The cells of one line by what they mean, and what was found wrong with them. */
export type Cells = {
  line: number;
  faults: Fault[];
  has(field: Field): boolean;
  /** Without white space at its ends; empty where there is no such column. */
  text(field: Field): string;
  /** As it stands in the file. */
  raw(field: Field): string;
  /** Null where the cell is bad, which is remembered. */
  take<T>(field: Field, read: Read<T>): T | null;
};

/** Of a value that is wrong, a person needs no more to find it. */
const MAX_SHOWN = 60;
export const shortened = (text: string) => (text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text);

/** For a terminal: a stranger's text has no line breaks there, nor anything that moves the cursor. */
export const visible = (text: string) => shortened(text.replaceAll(/[\p{C}\s]/gu, ' '));

export function cellsOf({ columns }: Layout, values: readonly string[], line: number): Cells {
  const faults: Fault[] = [];
  const raw = (field: Field) => {
    const column = columns[field];
    return column ? (values[column.index] ?? '') : '';
  };
  const text = (field: Field) => raw(field).trim();
  return {
    line,
    faults,
    raw,
    text,
    has: (field) => columns[field] !== undefined,
    take: (field, read) => {
      if (!isBad(read)) return read.value;
      const column = columns[field]?.header ?? field;
      faults.push({ line, column, value: shortened(text(field)), expected: read.expected });
      return null;
    },
  };
}
