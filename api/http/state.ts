import type { Selectable } from 'kysely';
import { prepare, type Statement } from '../../database/prepared.ts';
import type { Cursor } from '../../database/types.ts';

/** Up to which block the index is. */
export type IndexCursor = Selectable<Cursor>;

/** What was found as of one block. */
export type State<R> = { cursor: IndexCursor; found: R };

/** A question to the index; no row: it has no block yet. */
export type StateQuestion<P extends readonly unknown[], R> = Statement<P, IndexCursor & { found: R }>;

/**
 * The index's cursor and what is asked, by one statement: one round trip, and one snapshot, so that the indexer's
 * commits in between do not mix. `found` is an SQL expression that makes JSON, money and other large integers as text.
 */
export const askState = <P extends readonly unknown[], R>(name: string, found: string): StateQuestion<P, R> =>
  prepare(name, `select cursor.*, (${found}) as found from cursor`);

/** The same for some keys, in their order. */
export type KeyQuestion<K, R> = Statement<[keys: readonly K[]], IndexCursor & { found: R }>;

/** `found` is made of `given.key`: an array for all that are asked at the same moment. */
export const askByKey = <K extends string | number, R>(
  name: string,
  type: 'text' | 'bigint',
  found: string,
): KeyQuestion<K, R> =>
  prepare(
    name,
    `select cursor.*, (${found}) as found
    from unnest($1::${type}[]) with ordinality as given (key, place) cross join cursor order by place`,
  );

/** A question of an earlier block: `found` is made of `given.key` and `given.height`. */
export const askPast = <K extends string | number, R>(
  name: string,
  type: 'text' | 'bigint',
  found: string,
): Statement<[key: K, height: number], { found: R }> =>
  prepare(name, `select (${found}) as found from (values ($1::${type}, $2::integer)) as given (key, height)`);

/** As sessions of ours have it written, in UTC. */
const written = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,6}))?\+00:00$/;

/** RFC 3339 in UTC with milliseconds, of what Postgres writes into JSON. A list has hundreds: Date takes longer. */
export function instant(text: string): string {
  const [, second, fraction = ''] = written.exec(text) ?? [];
  return second === undefined ? new Date(text).toISOString() : `${second}.${fraction.slice(0, 3).padEnd(3, '0')}Z`;
}
