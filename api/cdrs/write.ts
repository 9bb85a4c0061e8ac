import { randomBytes } from 'node:crypto';
import { sql, type Transaction } from 'kysely';
import type { DB } from '../../database/types.ts';
import type { CdrState } from '../../protocol/api/cdrs.ts';
import type { Address } from '../../protocol/types/address.ts';
import type { Candidate, CdrContent } from './submitted.ts';

type Tx = Transaction<DB>;
export type StandingCdr = { id: bigint; callId: string; contentHash: Buffer; state: CdrState };

const SALT_BYTES = 16;
const hex = (bytes: Uint8Array) => `\\x${Buffer.from(bytes).toString('hex')}`;

/**
 * Adds those that are new, by one statement with one parameter; answers their ids. One row for each callId. In the order of the callIds: two
 * requests with the same ones wait for each other instead of locking each other out.
 */
export async function insertCdrs(tx: Tx, provider: Address, candidates: readonly Candidate[]): Promise<bigint[]> {
  const rows = candidates
    .map(({ cdr, hash }) => ({ ...toRow(cdr), provider, content_hash: hex(hash), salt: hex(randomBytes(SALT_BYTES)) }))
    .sort((a, b) => (a.call_id < b.call_id ? -1 : 1));
  const columns = sql.join(Object.keys(rows[0] ?? {}).map((name) => sql.ref(name)));
  const inserted = await sql<{ id: bigint }>`
    insert into cdrs (${columns})
    select ${columns} from json_populate_recordset(null::cdrs, ${JSON.stringify(rows)}::json)
    on conflict (provider, call_id) do nothing
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
  };
}

/** What stands under the callIds: our own rows, and those that others committed before. */
export async function standingCdrs(
  tx: Tx,
  provider: Address,
  callIds: readonly string[],
): Promise<Map<string, StandingCdr>> {
  const rows = await tx
    .selectFrom('cdrs')
    .leftJoin('ratings', 'ratings.cdrId', 'cdrs.id')
    .select(['cdrs.id', 'callId', 'contentHash', 'state'])
    .where('provider', '=', provider)
    .where('callId', '=', sql<string>`any(${callIds})`)
    .execute();
  return new Map(rows.map((row) => [row.callId, { ...row, state: row.state ?? 'received' }]));
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
