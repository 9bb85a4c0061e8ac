type Field = string | bigint | number | boolean | Date | null;

/**
 * A column of rows as Postgres reads an array: one parameter of a prepared statement, whatever the number of rows. The
 * driver would look at each value several times.
 */
export function arrayText(values: readonly Field[]): string {
  return `{${values.map(elementText).join(',')}}`;
}

/** Texts that we have made ourselves, of letters and digits only: hashes, accounts, names. */
export const plainArrayText = (values: readonly (string | number | bigint | null)[]): string =>
  `{${values.map((value) => value ?? 'NULL').join(',')}}`;

function elementText(value: Field): string {
  if (value === null) return 'NULL';
  if (typeof value === 'string') return `"${value.replace(/["\\]/g, '\\$&')}"`;
  return value instanceof Date ? value.toISOString() : String(value);
}
