import { type Call, findCall } from './calls.ts';
import { type CallRecord, type Ended, recordOf } from './decide-record.ts';
import type { Deps } from './deps.ts';
import { inTransaction, type Store } from './store.ts';

type RecordDeps = Pick<Deps, 'store' | 'metrics' | 'now' | 'log'>;

/** Kamailio has an answer to an INVITE: from now on the call costs, and its hold counts from here. */
export function noteAnswer(
  { store }: Pick<Deps, 'store'>,
  callId: string,
  { at, dialog }: { at: Date; dialog: { entry: number; id: number } },
): boolean {
  const { changes } = inTransaction(store, () =>
    store
      .prepare(`update calls set state = 'running', answered_at = min(coalesce(answered_at, ?1), ?1), seen_at = max(?1, coalesce(seen_at, ?1)),
        held_from = case when state = 'ringing' and held_from is not null then ?1 else min(held_from, ?1) end,
        dialog_entry = ?2, dialog_id = ?3
      where call_id = ?4 and state <> 'over'`)
      .run(at.getTime(), dialog.entry, dialog.id, callId),
  );
  return Number(changes) > 0;
}

/** A phone was cut off: the first moment counts, also where the other side is cut off later. */
export function noteLost({ store }: Pick<Deps, 'store'>, callId: string, at: Date): boolean {
  const { changes } = store
    .prepare("update calls set lost_at = coalesce(lost_at, ?) where call_id = ? and state = 'running'")
    .run(at.getTime(), callId);
  return Number(changes) > 0;
}

/** It has come back, unless its call is being ended already. */
export function noteBack({ store }: Pick<Deps, 'store'>, callId: string): boolean {
  const { changes } = store
    .prepare("update calls set lost_at = null where call_id = ? and state = 'running' and end_reason is null")
    .run(callId);
  return Number(changes) > 0;
}

/**
 * A call is over: its record is committed when this answers. Said twice, the first one stands. What no call of ours
 * fits is kept aside.
 */
export function recordEnd(deps: RecordDeps, callId: string, ended: Ended): 'recorded' | 'known' | 'aside' {
  const { store, metrics } = deps;
  const done = inTransaction(store, () => {
    const call = findCall(store, callId);
    if (call === null) return null;
    if (call.state === 'over') return 'known' as const;
    const record = recordOf(call, ended);
    write(store, call, record, ended.ringingAt ?? null);
    return { record, call };
  });
  if (done === 'known') return 'known';
  if (done === null) {
    setAside(deps, 'unknownCall', { callId, ...ended });
    return 'aside';
  }
  const { record, call } = done;
  metrics.count('records', record.disposition);
  if (record.answeredAt)
    metrics.count('talked_seconds', call.direction, (record.endedAt.getTime() - record.answeredAt.getTime()) / 1000);
  return 'recorded';
}

function write(store: Store, { callId }: Call, record: CallRecord, ringingAt: Date | null): void {
  store
    .prepare(`update calls set state = 'over', ringing_at = ?, answered_at = ?, ended_at = ?, disposition = ?, sip_status = ?, hangup_by = ?,
        price = ?, cdr = ?, cdr_state = ?
      where call_id = ?`)
    .run(
      ringingAt?.getTime() ?? null,
      record.answeredAt?.getTime() ?? null,
      record.endedAt.getTime(),
      record.disposition,
      record.sipStatus,
      record.hangupBy,
      record.price,
      record.cdr && JSON.stringify(record.cdr),
      record.cdr && 'waiting',
      callId,
    );
}

/** Of these so many are kept, the newest: who can make them, can make many. */
const MAX_ASIDES = 1_000;

/** What Kamailio says and nobody understands is kept for a person, counted, and blocks nothing else. */
export function setAside({ store, metrics, now, log }: RecordDeps, reason: string, document: unknown): void {
  store
    .prepare('insert into asides (at, reason, document) values (?, ?, ?)')
    .run(now().getTime(), reason, JSON.stringify(document));
  store.prepare('delete from asides where id <= (select max(id) from asides) - ?').run(MAX_ASIDES);
  metrics.count('asides', reason);
  log.warn({ reason, document }, 'kept aside');
}
