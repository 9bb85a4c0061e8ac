import { sql, type Transaction } from 'kysely';
import type { DB } from './types.ts';

type Row = Readonly<Record<string, unknown>>;

/**
 * What happens to a row that stands already: it is an error, it stays as it is, or the row of that key is overwritten.
 */
type Standing = 'error' | 'skip' | { overwrite: readonly string[] };

/**
 * Inserts any number of rows by one statement with one parameter (no limit of 65,535 parameters, no plan for each
 * size). All rows have the same columns, camelCase; columns that they leave out get their default.
 */
export async function insertRows(
  tx: Transaction<DB>,
  table: keyof DB,
  rows: readonly Row[],
  standing: Standing = 'error',
): Promise<void> {
  const [first] = rows;
  if (!first) return;
  const columns = Object.keys(first);
  const names = sql.join(columns.map(column));
  const json = JSON.stringify(rows.map(toJson));
  const target = sql.table(toSnakeCase(table));
  const given = sql`select ${names} from json_populate_recordset(null::${target}, ${json}::json)`;
  await sql`insert into ${target} (${names}) ${given} ${onConflict(columns, standing)}`.execute(tx);
}

function onConflict(columns: readonly string[], standing: Standing) {
  if (standing === 'error') return sql``;
  if (standing === 'skip') return sql`on conflict do nothing`;
  const key = standing.overwrite;
  const others = columns.filter((name) => !key.includes(name));
  const update = sql.join(others.map((name) => sql`${column(name)} = excluded.${column(name)}`));
  return sql`on conflict (${sql.join(key.map(column))}) do update set ${update}`;
}

const column = (name: string) => sql.ref(toSnakeCase(name));

const toSnakeCase = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

function toJson(row: Row): Record<string, unknown> {
  return Object.fromEntries(Object.entries(row).map(([name, value]) => [toSnakeCase(name), jsonValue(value)]));
}

/** bigint as a string, bytes in Postgres's hex form; nested values (jsonb) likewise. */
function jsonValue(value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString();
  if (value instanceof Uint8Array) return `\\x${Buffer.from(value).toString('hex')}`;
  if (Array.isArray(value)) return value.map(jsonValue);
  if (value === null || typeof value !== 'object' || value instanceof Date) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, jsonValue(inner)]));
}
