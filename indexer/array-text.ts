export type Field = string | bigint | number | boolean | Date | null;
type Row = Readonly<Record<string, Field>>;

/** How a column's values are given to Postgres as one parameter of a prepared statement, whatever their number. */
export type Form = {
  /** The parameter as an array of the column's type. */
  inSql: (parameter: string, type: string) => string;
  /** The values of some rows. */
  piece: (rows: readonly Row[], column: string) => string;
  /** The parameter, of all its pieces: each of one row at least, where there are several. */
  whole: (pieces: readonly string[]) => string;
};

/** Without a copy: V8 makes one where the text is sent. */
const linked = (pieces: readonly string[], between: string): string =>
  pieces.length === 0 ? '' : pieces.reduce((before, piece) => before + between + piece);

const array = {
  inSql: (parameter: string, type: string) => `${parameter}::${type}[]`,
  whole: (pieces: readonly string[]) => `{${linked(pieces, ',')}}`,
};

/** Values that we have made ourselves, of letters and digits only: numbers, hashes, accounts. */
export const plain: Form = {
  ...array,
  piece: (rows, column) => rows.map((row) => row[column] ?? 'NULL').join(','),
};

/** Text that a stranger wrote. */
export const quoted: Form = {
  ...array,
  piece: (rows, column) => rows.map((row) => quote(row[column] ?? null)).join(','),
};

const quote = (value: Field): string => {
  return value === null ? 'NULL' : `"${String(value).replace(/["\\]/g, '\\$&')}"`;
};

/** Neighbours mostly have the same one. */
export const times: Form = {
  ...array,
  piece: (rows, column) => {
    let last: Field = null;
    let lastText = 'NULL';
    const texts = rows.map((row) => {
      const value = row[column] ?? null;
      if (value !== last) {
        last = value;
        lastText = value === null ? 'NULL' : (value as Date).toISOString();
      }
      return lastText;
    });
    return texts.join(',');
  },
};

/** JSON has no line feed in it, so it need not be quoted once more: that takes longer than all other columns. */
export const jsonLines: Form = {
  inSql: (parameter) => `string_to_array(${parameter}::text, E'\\n')::jsonb[]`,
  piece: (rows, column) => rows.map((row) => row[column]).join('\n'),
  whole: (pieces) => linked(pieces, '\n'),
};
