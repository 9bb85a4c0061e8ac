import { CompiledQuery, type Kysely } from 'kysely';
import type { DB } from './types.ts';

const mark = /^\/\* prepared (\w+) \*\//;

/** A statement's rows; its parameters are `$1, $2, ..` in the order in which they are given. */
export type Statement<P extends readonly unknown[], R> = {
  (db: Pick<Kysely<DB>, 'executeQuery'>, ...parameters: P): Promise<R[]>;
  /** For whoever looks at its plan, or measures it alone. */
  readonly text: string;
};

/**
 * A hot statement: its text is put together once, and each connection plans it once. Planning one that joins a dozen
 * tables takes longer than running it. A name stands for one text.
 */
export function prepare<P extends readonly unknown[], R>(name: string, text: string): Statement<P, R> {
  const marked = `/* prepared ${name} */ ${text}`;
  const run = async (db: Pick<Kysely<DB>, 'executeQuery'>, ...parameters: P) =>
    (await db.executeQuery<R>(CompiledQuery.raw(marked, [...parameters]))).rows;
  return Object.assign(run, { text });
}

/** What the `pg` driver calls a prepared statement by; undefined for all others. */
export const preparedName = (text: string): string | undefined => mark.exec(text)?.[1];
