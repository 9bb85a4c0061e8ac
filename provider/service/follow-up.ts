import { type Cdr, listCdrs } from '../../protocol/api/cdrs.ts';
import type { Deps } from './deps.ts';

/** What becomes of records that were accepted: paid, or never to be paid. */

/** A settlement takes seconds to minutes: a record is asked about no more often than this ... */
const ASK_EVERY_MS = 15_000;
/** ... and so many at a time, the ones that were asked about least lately. */
const AT_A_TIME = 20;

type FollowUpDeps = Pick<Deps, 'store' | 'api' | 'log' | 'now'>;

/** @throws what the API's client throws */
export async function followUp({ store, api, log, now }: FollowUpDeps): Promise<void> {
  const before = now().getTime() - ASK_EVERY_MS;
  const rows = store
    .prepare(`select call_id from calls where cdr_state = 'accepted' and coalesce(checked_at, 0) <= ?
      order by checked_at limit ?`)
    .all(before, AT_A_TIME);
  for (const row of rows) {
    const callId = String(row.call_id);
    const { items } = await api.call(listCdrs, { query: { callId } });
    const end = endOf(items);
    const write = store.prepare(`update calls set checked_at = ?, cdr_state = coalesce(?, cdr_state),
      cdr_reason = coalesce(?, cdr_reason), paid = coalesce(?, paid) where call_id = ?`);
    write.run(now().getTime(), end?.state ?? null, end?.reason ?? null, end?.paid ?? null, callId);
    if (end?.state === 'invalid') log.warn({ callId, reason: end.reason }, 'a call will not be paid');
  }
}

type End = { state: 'settled' | 'invalid'; reason: string | null; paid: bigint | null };

/** Null: nothing is decided yet. Of a call that was corrected the newest record counts. */
function endOf(cdrs: readonly Cdr[]): End | null {
  const cdr = cdrs.find(({ state }) => state !== 'superseded');
  if (!cdr) return null;
  if (cdr.state === 'settled') return { state: 'settled', reason: null, paid: BigInt(cdr.paid ?? 0) };
  if (cdr.state === 'rejected' || cdr.state === 'failed') return { state: 'invalid', reason: cdr.reason, paid: null };
  return cdr.state === 'rated' && cdr.price === '0' ? { state: 'settled', reason: null, paid: 0n } : null;
}
