import { type RawBuilder, sql } from 'kysely';

const mark = /^\/\* prepared (\w+) \*\//;

/**
 * Begins a statement that each connection plans once: planning one that joins a dozen tables takes longer than running
 * it. A name stands for one text.
 */
export const prepared = (name: string): RawBuilder<unknown> => sql.raw(`/* prepared ${name} */`);

/** What the `pg` driver calls a prepared statement by; undefined for all others. */
export const preparedName = (text: string): string | undefined => mark.exec(text)?.[1];
