import { sql } from 'kysely';
import type { Database } from '../../database/connection.ts';
import { prepare } from '../../database/prepared.ts';
import { CREATED_TOLERANCE_S, type Verified } from './verify.ts';

/** Kept longer than its signature could pass, by any server's clock. */
const CLOCK_SLACK_S = 600;
/** With SWEEP_MS: so many signed requests in ten seconds are cleared as fast as they come. */
const MAX_ROWS_PER_SWEEP = 20_000;

export const expiryOf = ({ created }: Verified): Date =>
  new Date((created + CREATED_TOLERANCE_S + CLOCK_SLACK_S) * 1000);

/** Uses a nonce up; false where it was used before. Two servers of one database can't both say yes. */
export async function useNonce(db: Database, verified: Verified): Promise<boolean> {
  const { numInsertedOrUpdatedRows } = await db
    .insertInto('requestNonces')
    .values({ keyId: verified.publicKey, nonce: verified.nonce, expiresAt: expiryOf(verified) })
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirst();
  return numInsertedOrUpdatedRows === 1n;
}

const noteRead = prepare<[keyId: string, nonce: string, expiresAt: Date], { isFresh: boolean }>(
  'note_read',
  `insert into request_nonces (key_id, nonce, expires_at)
  select $1, $2, $3::timestamptz from (select set_config('synchronous_commit', 'off', true)) as without_waiting
  on conflict do nothing returning true as is_fresh`,
);

/**
 * The same for what only reads: it does not wait for the disk, which would take longer than the reading. A server that
 * crashes forgets a fifth of a second: whoever has listened in then, on the line and within a minute, reads once more
 * what was read already.
 */
export const useReadersNonce = async (db: Database, verified: Verified): Promise<boolean> =>
  (await noteRead(db, verified.publicKey, verified.nonce, expiryOf(verified))).length === 1;

/** Deletes nonces that no signature can use any more, some at a time; several servers do not wait for each other. */
export async function deleteExpiredNonces(db: Database, now: Date): Promise<void> {
  await sql`
    delete from request_nonces where (key_id, nonce) in (
      select key_id, nonce from request_nonces where expires_at < ${now}
      order by expires_at limit ${MAX_ROWS_PER_SWEEP} for update skip locked
    )`.execute(db);
}
