import { priceAtAnswer, takeAnswer } from './answer.ts';
import { type Call, callIdsUnderWay, callsUnderWay } from './calls.ts';
import type { Deps } from './deps.ts';
import type { Dialog } from './kamailio.ts';
import { recordEnd } from './record.ts';
import { inTransaction, type Store } from './store.ts';

/** Which calls Kamailio has, beside those that are under way here. */

/** Kamailio is asked so often which calls there are. */
export const LIST_MS = 5_000;

/** The record of a call comes within seconds of its end. Past this, Kamailio has lost it. */
const LOST_AFTER_MS = 30_000;
/** Kamailio tells its age in whole seconds. */
const UPTIME_TOLERANCE_MS = 2_000;

type ListDeps = Pick<Deps, 'store' | 'decks' | 'kamailio' | 'metrics' | 'log' | 'now'>;

/** Calls that run and that nobody pays, as their record is there already or their store is lost. */
async function endUnknown({ store, kamailio, metrics, log }: ListDeps, dialogs: readonly Dialog[]): Promise<void> {
  const known = callIdsUnderWay(store);
  for (const { entry, id, callId, isAnswered } of dialogs) {
    if (!isAnswered || callId === null || known.has(callId)) continue;
    // one whose end was told a moment ago may stand in the list yet
    if (!(await kamailio.hangUp({ entry, id }, 'callUnknown'))) continue;
    metrics.count('calls_ended_by_us', 'callUnknown');
    log.warn({ callId }, 'Kamailio has a call that is not under way here: it is ended');
  }
}

/**
 * Notes which calls are alive, and closes those that Kamailio has lost at the moment at which they were seen last. What
 * Kamailio has yet to tell of a call comes before that: so it counts since when this very process has not found it.
 */
export function createList(deps: ListDeps): () => Promise<void> {
  const { store, kamailio, log, now } = deps;
  /** Since when calls that are under way here are in no list. */
  const missing = new Map<string, Date>();
  /** Since when calls that ring here are answered there. */
  const answered = new Map<string, Date>();

  function take(call: Call, dialog: Dialog, at: Date): void {
    missing.delete(call.callId);
    noteSeen(store, call.callId, dialog, at);
    if (!dialog.isAnswered || call.state !== 'ringing') return;
    // its report comes within a second, and knows the moment: else the list's has to do, which is later
    const since = answered.get(call.callId);
    if (since) takeAnswer(deps, call.callId, { at: since, dialog });
    else answered.set(call.callId, at);
  }

  function isLost({ callId, invitedAt }: Call, startedAt: number, at: Date): boolean {
    // Kamailio keeps dialogs and reports in memory: what is older than itself it has forgotten
    if (invitedAt.getTime() < startedAt) return true;
    const since = missing.get(callId) ?? at;
    missing.set(callId, since);
    return at.getTime() - since.getTime() > LOST_AFTER_MS;
  }

  function close(call: Call): void {
    const { callId, seenAt, invitedAt } = call;
    const answeredAt = call.answeredAt ?? answered.get(callId) ?? null;
    if (answeredAt) priceAtAnswer(deps, callId, answeredAt);
    log.warn({ callId }, 'Kamailio has lost this call: it is closed at the moment at which it was seen last');
    recordEnd(deps, callId, { answeredAt, endedAt: seenAt ?? invitedAt, sipStatus: 500, hangupBy: 'lost' });
  }

  return async () => {
    const startedAt = now().getTime() - (await kamailio.uptimeS()) * 1000 - UPTIME_TOLERANCE_MS;
    const dialogs = await kamailio.dialogs();
    const at = now();
    await endUnknown(deps, dialogs);
    const dialogOf = finder(dialogs);
    inTransaction(store, () => {
      const ids = callIdsUnderWay(store);
      for (const known of [missing, answered])
        for (const callId of known.keys()) if (!ids.has(callId)) known.delete(callId);
      for (const call of callsUnderWay(store)) {
        const dialog = dialogOf(call);
        if (dialog) take(call, dialog, at);
        else if (isLost(call, startedAt, at)) close(call);
      }
    });
  };
}

/** By Kamailio's own name for it, where that is known; else by ours; else by the one that both sides gave it. */
function finder(dialogs: readonly Dialog[]): (call: Call) => Dialog | undefined {
  const byName = new Map(dialogs.map((each) => [nameOf(each), each]));
  const byCallId = new Map(dialogs.map((each) => [each.callId, each]));
  const bySipCallId = new Map(dialogs.filter(({ callId }) => callId === null).map((each) => [each.sipCallId, each]));
  return ({ dialog, callId, sipCallId }) =>
    dialog ? byName.get(nameOf(dialog)) : (byCallId.get(callId) ?? bySipCallId.get(sipCallId));
}

const nameOf = ({ entry, id }: { entry: number; id: number }) => `${entry}:${id}`;

function noteSeen(store: Store, callId: string, { entry, id }: Dialog, at: Date): void {
  store
    .prepare('update calls set seen_at = ?, dialog_entry = ?, dialog_id = ? where call_id = ?')
    .run(at.getTime(), entry, id, callId);
}
