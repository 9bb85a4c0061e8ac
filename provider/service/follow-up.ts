import { type Cdr, listCdrs } from '../../protocol/api/cdrs.ts';
import type { Deps } from './deps.ts';
import { committed, inTransaction } from './store.ts';

/** What becomes of records that were accepted: paid, or never to be paid. */

/** A settlement takes seconds to minutes: a record is asked about no more often than this ... */
const ASK_EVERY_MS = 15_000;
/** ... so many each by itself, the ones that were asked about least lately. */
const AT_A_TIME = 20;
/** Where more are to be asked about, the newest so many of all are read before: what is paid in time is among them. */
const MAX_LISTED = 10_000;
const PAGE = 1_000;

/** So many are noted, and others get their turn. */
const NOTED_AT_A_TIME = 100;

type FollowUpDeps = Pick<Deps, 'store' | 'api' | 'signer' | 'log' | 'now'>;

/** One step of it, which the signal cuts short. Throws what the API's client throws. */
export function createFollowUp(deps: FollowUpDeps, signal: AbortSignal): () => Promise<void> {
  const { api, now } = deps;
  let listedAt = Number.NEGATIVE_INFINITY;
  return async () => {
    const callIds = callsToAskAbout(deps);
    if (callIds.size > AT_A_TIME && now().getTime() - listedAt >= ASK_EVERY_MS) {
      listedAt = now().getTime();
      await list(deps, callIds, signal);
    }
    for (const callId of [...callIds].slice(0, AT_A_TIME)) {
      if (signal.aborted) return;
      const { items } = await api.call(listCdrs, { query: { callId } });
      note(deps, callId, items);
    }
  };
}

function callsToAskAbout({ store, now }: FollowUpDeps): Set<string> {
  const rows = store
    .prepare(`select call_id from calls where cdr_state = 'accepted' and coalesce(checked_at, 0) <= ?
      order by checked_at limit ?`)
    .all(now().getTime() - ASK_EVERY_MS, MAX_LISTED);
  return new Set(rows.map(({ call_id }) => String(call_id)));
}

/** Takes out of `callIds` what it has found. */
async function list(deps: FollowUpDeps, callIds: Set<string>, signal: AbortSignal): Promise<void> {
  let listed = 0;
  for await (const cdr of deps.api.items(listCdrs, { query: { limit: PAGE } })) {
    // the newest first: of a call that was corrected, too
    if (isOurs(deps, cdr) && callIds.delete(cdr.callId)) note(deps, cdr.callId, [cdr]);
    listed += 1;
    if (callIds.size === 0 || listed === MAX_LISTED || signal.aborted) return;
    if (listed % NOTED_AT_A_TIME === 0) await committed(deps.store);
  }
}

/** We may be the user of another provider's calls, under the same Call-IDs. */
const isOurs = ({ signer }: FollowUpDeps, { provider }: Cdr) => provider === signer.address;

function note(deps: FollowUpDeps, callId: string, cdrs: readonly Cdr[]): void {
  const { store, log, now } = deps;
  const end = endOf(cdrs.filter((cdr) => isOurs(deps, cdr)));
  inTransaction(store, () =>
    store
      .prepare(`update calls set checked_at = ?, cdr_state = coalesce(?, cdr_state),
        cdr_reason = coalesce(?, cdr_reason), paid = coalesce(?, paid) where call_id = ?`)
      .run(now().getTime(), end?.state ?? null, end?.reason ?? null, end?.paid ?? null, callId),
  );
  if (end?.state === 'invalid') log.warn({ callId, reason: end.reason }, 'a call will not be paid');
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
