import { sql } from 'kysely';
import type { Tx } from '../database/connection.ts';

export const derivedTables = ['providers', 'registrations', 'balances', 'escrows', 'settlements'] as const;

/**
 * Empty tables of the same form in the session's own schema, whose name this answers: nobody else sees them, and they
 * go with the transaction.
 */
export async function makeScratch(tx: Tx): Promise<string> {
  for (const table of derivedTables) {
    const like = sql.table(`public.${table}`);
    await sql`create temp table ${sql.table(table)} (like ${like} including all) on commit drop`.execute(tx);
  }
  return 'pg_temp';
}
