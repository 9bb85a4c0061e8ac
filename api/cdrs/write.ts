import { sql } from 'kysely';
import type { Database } from '../../database/connection.ts';
import type { Address } from '../../protocol/types/address.ts';
import type { CdrContent } from './content.ts';
import type { StandingCdr } from './judge.ts';

/** What stands under the callIds: each call's CDRs, the newest last. */
export async function standingCdrs(
  db: Database,
  provider: Address,
  callIds: readonly string[],
): Promise<Map<string, StandingCdr[]>> {
  const rows = await db
    .selectFrom('cdrs')
    .leftJoin('ratings', 'ratings.cdrId', 'cdrs.id')
    .select(['cdrs.id', 'callId', 'contentHash', 'state', 'price'])
    .where('provider', '=', provider)
    .where('callId', '=', sql<string>`any(${callIds})`)
    .orderBy('cdrs.id') // a correction is always younger than what it corrects
    .execute();
  return Map.groupBy(rows, ({ callId }) => callId);
}

/** Kept for the auditor, each content once. */
export async function insertConflicts(
  db: Database,
  conflicts: readonly { cdrId: bigint; hash: string; content: CdrContent }[],
): Promise<void> {
  if (conflicts.length === 0) return;
  const rows = conflicts.map(({ cdrId, hash, content }) => ({
    cdr_id: cdrId.toString(),
    content_hash: `\\x${hash}`,
    content,
  }));
  await sql`
    insert into cdr_conflicts (cdr_id, content_hash, content)
    select cdr_id, content_hash, content from json_populate_recordset(null::cdr_conflicts, ${JSON.stringify(rows)}::json)
    order by cdr_id, content_hash
    on conflict do nothing`.execute(db);
}
