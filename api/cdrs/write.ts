import { randomBytes } from 'node:crypto';
import { sql, type Transaction } from 'kysely';
import type { DB } from '../../database/types.ts';
import type { Address } from '../../protocol/types/address.ts';
import { MAX_CORRECTIONS, type StandingCdr } from './judge.ts';
import type { Candidate, CdrContent } from './submitted.ts';

type Tx = Transaction<DB>;

const SALT_BYTES = 16;
const hex = (bytes: Uint8Array) => `\\x${Buffer.from(bytes).toString('hex')}`;

/**
 * Adds those that are new, by one statement with one parameter; answers their ids. One row for each callId and each CDR
 * that is corrected. In the order of the callIds: two requests with the same ones wait for each other instead of
 * locking each other out.
 */
export async function insertCdrs(tx: Tx, provider: Address, candidates: readonly Candidate[]): Promise<bigint[]> {
  const rows = candidates
    .map(({ cdr, hash }) => ({ ...toRow(cdr), provider, content_hash: hex(hash), salt: hex(randomBytes(SALT_BYTES)) }))
    .sort((a, b) => (a.call_id < b.call_id ? -1 : Number(a.call_id > b.call_id)));
  const columns = sql.join(Object.keys(rows[0] ?? {}).map((name) => sql.ref(name)));
  const inserted = await sql<{ id: bigint }>`
    insert into cdrs (${columns})
    select ${columns} from json_populate_recordset(null::cdrs, ${JSON.stringify(rows)}::json) as given
    where corrects is null or (
      -- once a rating says that a CDR will never be paid, it says so for ever: there is nothing to lock
      exists (select from cdrs as corrected join ratings on ratings.cdr_id = corrected.id
        where corrected.id = given.corrects and corrected.provider = given.provider
          and corrected.call_id = given.call_id and is_never_paid(ratings.state, ratings.price))
      and (select count(*) from cdrs as earlier
        where earlier.provider = given.provider and earlier.call_id = given.call_id) <= ${MAX_CORRECTIONS})
    -- the first CDR of a call, or the correction of this one, stands already
    on conflict (provider, call_id, corrects) do nothing
    returning id`.execute(tx);
  return inserted.rows.map(({ id }) => id);
}

function toRow({ voucher, hangupBy, ...cdr }: Candidate['cdr']) {
  return {
    call_id: cdr.callId,
    escrow_id: cdr.escrowId,
    user: cdr.user,
    direction: cdr.direction,
    from: cdr.from,
    to: cdr.to,
    started_at: cdr.startedAt,
    answered_at: cdr.answeredAt,
    ended_at: cdr.endedAt,
    disposition: cdr.disposition,
    sip_status: cdr.sipStatus,
    hangup_by: hangupBy ?? null,
    voucher_total: voucher?.total.toString() ?? null,
    voucher_signature: voucher?.signature ?? null,
    corrects: cdr.corrects ?? null,
  };
}

/**
 * What stands under the callIds, our own rows and those that others committed before: each call's CDRs, the newest
 * last.
 */
export async function standingCdrs(
  tx: Tx,
  provider: Address,
  callIds: readonly string[],
): Promise<Map<string, StandingCdr[]>> {
  const rows = await tx
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
  tx: Tx,
  conflicts: readonly { cdrId: bigint; contentHash: Buffer; content: CdrContent }[],
): Promise<void> {
  if (conflicts.length === 0) return;
  const rows = conflicts.map(({ cdrId, contentHash, content }) => ({
    cdr_id: cdrId.toString(),
    content_hash: hex(contentHash),
    content,
  }));
  await sql`
    insert into cdr_conflicts (cdr_id, content_hash, content)
    select cdr_id, content_hash, content from json_populate_recordset(null::cdr_conflicts, ${JSON.stringify(rows)}::json)
    order by cdr_id, content_hash
    on conflict do nothing`.execute(tx);
}
