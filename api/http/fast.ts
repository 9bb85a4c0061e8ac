import type { Database } from '../../database/connection.ts';
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

/** What comes while so many of a question are under way waits for the next one: all that wait go together then. */
const MAX_BATCHES = 2;
/** Some milliseconds of Postgres, whatever they ask for. */
const MAX_KEYS = 64;

type Waiting = {
  key: string | number;
  resolve: (row: Found<never> | undefined) => void;
  reject: (error: unknown) => void;
};
type Line = { waiting: Waiting[]; batches: number; isPlanned: boolean };

export function createFast(db: Database): Fast {
  const lines = new Map<unknown, Line>();

  function begin(question: KeyQuestion<string | number, never>, line: Line): void {
    line.isPlanned = false;
    while (line.batches < MAX_BATCHES && line.waiting.length > 0) {
      line.batches += 1;
      void answer(question, line.waiting.splice(0, MAX_KEYS)).finally(() => {
        line.batches -= 1;
        begin(question, line);
      });
    }
  }

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
    const line = lines.get(question) ?? { waiting: [], batches: 0, isPlanned: false };
    lines.set(question, line);
    return new Promise((resolve, reject) => {
      line.waiting.push({ key, resolve, reject });
      if (line.isPlanned) return;
      line.isPlanned = true;
      // after all requests that have arrived by now
      setImmediate(() => begin(question, line));
    });
  }

  return { once: async (question, values) => (await question(db, ...values))[0], byKey: byKey as Fast['byKey'] };
}
