import { sql } from 'kysely';
import { type ReasonCode, wordsOf } from '../protocol/call/reasons.ts';
import type { Deps } from './deps.ts';

export type Note = { cdrId: bigint; reason: ReasonCode };

/**
 * Tells providers why calls are not claimed now, or never will be: one statement, and none where it is told already.
 */
export async function note(
  { db }: Pick<Deps, 'db'>,
  notes: { failed?: readonly Note[]; waiting?: readonly Note[] },
): Promise<void> {
  const rows = [
    ...(notes.failed ?? []).map((failed) => ({ ...failed, state: 'failed' })),
    ...(notes.waiting ?? []).map((waiting) => ({ ...waiting, state: 'rated' })),
  ].sort((a, b) => Number(a.cdrId - b.cdrId)); // rows locked in one order don't deadlock
  if (rows.length === 0) return;
  await sql`
    update ratings set state = told.state, reason_code = told.code, reason = told.words
    from unnest(${rows.map(({ cdrId }) => cdrId)}::bigint[], ${rows.map(({ state }) => state)}::text[],
      ${rows.map(({ reason }) => reason)}::text[], ${rows.map(({ reason }) => wordsOf(reason))}::text[]) as told (cdr_id, state, code, words)
    where ratings.cdr_id = told.cdr_id and ratings.state = 'rated'
      and (told.state <> 'rated' or ratings.reason_code is distinct from told.code)`.execute(db);
}
