import type { Database } from '../../database/connection.ts';
import { createBatching } from '../batching.ts';
import type { IndexCursor, KeyQuestion, StateQuestion } from './state.ts';

/** A row of an answer: the index's cursor, and what was found. */
export type Found<R> = IndexCursor & { found: R };

/** Short reads of chain state. */
export type Fast = {
  /** A question of its own. */
  once<R>(question: StateQuestion<unknown[], R>, values: readonly unknown[]): Promise<Found<R> | undefined>;
  /** All that is asked by a key at the same moment goes together. Undefined: the index has no block yet. */
  byKey<K extends string | number, R>(question: KeyQuestion<K, R>, key: K): Promise<Found<R> | undefined>;
};

/** Of each question. */
const MAX_BATCHES = 2;
/** Some milliseconds of Postgres, whatever they ask for. */
const MAX_KEYS = 64;

type Waiting = {
  key: string | number;
  resolve: (row: Found<never> | undefined) => void;
  reject: (error: unknown) => void;
};

export function createFast(db: Database): Fast {
  const lines = new Map<unknown, (asked: Waiting) => void>();

  const lineOf = (question: KeyQuestion<string | number, never>) =>
    createBatching<Waiting>({
      atATime: MAX_BATCHES,
      take: (waiting, share) => waiting.splice(0, Math.min(share, MAX_KEYS)),
      run: async (batch) => {
        await answer(question, batch);
        return [];
      },
    });

  async function answer(question: KeyQuestion<string | number, never>, batch: readonly Waiting[]): Promise<void> {
    try {
      const rows = await question(
        db,
        batch.map(({ key }) => key),
      );
      for (const [i, { resolve }] of batch.entries()) resolve(rows[i]);
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
  }

  function byKey(
    question: KeyQuestion<string | number, never>,
    key: string | number,
  ): Promise<Found<never> | undefined> {
    const ask = lines.get(question) ?? lineOf(question);
    lines.set(question, ask);
    return new Promise((resolve, reject) => ask({ key, resolve, reject }));
  }

  return { once: async (question, values) => (await question(db, ...values))[0], byKey: byKey as Fast['byKey'] };
}
