export type Field = string | bigint | number | boolean | Date | null;

/** How a column's values are given to Postgres as one parameter of a prepared statement, whatever their number. */
export type Form = {
  /** The parameter as an array of the column's type. */
  inSql: (parameter: string, type: string) => string;
  text: (values: readonly Field[]) => string;
};

/** Values that we have made ourselves, of letters and digits only: numbers, hashes, accounts. */
export const plain: Form = {
  inSql: (parameter, type) => `${parameter}::${type}[]`,
  text: (values) => `{${values.map((value) => value ?? 'NULL').join(',')}}`,
};

/** Text that a stranger wrote. */
export const quoted: Form = {
  inSql: plain.inSql,
  text: (values) => plain.text(values.map((value) => (value === null ? null : quote(String(value))))),
};

/** Neighbours mostly have the same one. */
export const times: Form = {
  inSql: plain.inSql,
  text: (values) => {
    let last: Date | null = null;
    let lastText = '';
    const texts = values.map((value) => {
      if (value === null || value !== last) {
        last = value as Date | null;
        lastText = last === null ? 'NULL' : last.toISOString();
      }
      return lastText;
    });
    return `{${texts.join(',')}}`;
  },
};

/** JSON has no line feed in it, so it need not be quoted once more: that takes longer than all other columns. */
export const jsonLines: Form = {
  inSql: (parameter) => `string_to_array(${parameter}::text, E'\\n')::jsonb[]`,
  text: (values) => values.join('\n'),
};

const quote = (text: string): string => `"${text.replace(/["\\]/g, '\\$&')}"`;
