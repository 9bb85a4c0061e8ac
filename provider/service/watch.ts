import { NodeUnavailable } from '../../chain/errors.ts';
import { Outage } from '../../process/outage.ts';
import { type Call, callsOnEscrow, callsUnderWay, unsettledOf, writeCharge } from './calls.ts';
import { permissionEscrow } from './charge.ts';
import { type Action, type ChargedCall, decideWatch, endOf, type WatchInput } from './decide-watch.ts';
import type { Deps } from './deps.ts';
import { KamailioUnavailable } from './kamailio.ts';
import { recordEnd } from './record.ts';
import { inTransaction } from './store.ts';
import { voucherTotal } from './vouchers.ts';

/** Money, vouchers and escrows of running calls are looked at so often. */
export const WATCH_MS = 500;
/** Kamailio is asked so often which calls there are. */
export const LIST_MS = 5_000;
/** The record of a call comes within seconds of its end. Past this, Kamailio has lost it. */
const LOST_AFTER_MS = 30_000;
/** Kamailio tells its age in whole seconds. */
const UPTIME_TOLERANCE_MS = 2_000;

type WatchDeps = Pick<
  Deps,
  'store' | 'chain' | 'kamailio' | 'graceMs' | 'policy' | 'limits' | 'metrics' | 'log' | 'now'
>;

export type Watch = { look(): Promise<void>; list(): Promise<void> };

/** Ends what is no longer paid for, and promises more to what is. */
export function createWatch(deps: WatchDeps): Watch {
  const nodeAway = new Outage(deps.log, 'running calls go on by what is known of their escrows');
  const kamailioAway = new Outage(deps.log, 'waiting for Kamailio');
  /** Until when Kamailio lets each call run, as it was told last. */
  const told = new Map<string, number>();

  async function lookAt(escrowId: bigint): Promise<void> {
    const record = await escrowOf(deps, escrowId, nodeAway);
    if (record === 'unknown') return;
    const actions = inTransaction(deps.store, () => decideAndWrite(deps, escrowId, record));
    await attempt(kamailioAway, () => Promise.all(actions.map((action) => end(deps, action))));
    if (record) await attempt(kamailioAway, () => setTimeouts(deps, escrowId, record.endsAt, told));
  }

  return {
    look: async () => {
      await attempt(kamailioAway, () => endLost(deps));
      const charged = callsUnderWay(deps.store).filter(isCharged);
      for (const callId of told.keys()) if (!charged.some((call) => call.callId === callId)) told.delete(callId);
      await Promise.all([...new Set(charged.map(({ charge }) => charge.escrowId))].map(lookAt));
    },
    list: () => attempt(kamailioAway, () => compare(deps)),
  };
}

const isCharged = (call: Call): call is ChargedCall => call.charge !== null;

/** Kamailio's own timers are the backstop while it can't be asked. */
async function attempt(outage: Outage, work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
    outage.end();
  } catch (error) {
    if (!(error instanceof KamailioUnavailable)) throw error;
    outage.report(error);
  }
}

async function escrowOf({ chain }: WatchDeps, id: bigint, outage: Outage) {
  try {
    const record = await chain.escrow(id);
    outage.end();
    return record;
  } catch (error) {
    if (!(error instanceof NodeUnavailable)) throw error;
    outage.report(error);
    return 'unknown';
  }
}

function decideAndWrite(
  { store, policy, now }: WatchDeps,
  escrowId: bigint,
  record: Awaited<ReturnType<WatchDeps['chain']['escrow']>>,
): Action[] {
  const calls = callsOnEscrow(store, escrowId).filter(isCharged);
  const input: WatchInput = {
    calls,
    escrow: record && permissionEscrow(record, voucherTotal(store, escrowId)),
    unsettled: unsettledOf(store, escrowId, record?.spent ?? 0n),
    now: now(),
  };
  const actions = decideWatch(input, policy);
  for (const action of actions) {
    const { callId } = action.call;
    if (action.kind === 'extend') writeCharge(store, callId, action.charge);
    // whatever ends the call of a phone that was cut off: it is billed until then
    else
      store
        .prepare(`update calls set end_reason = coalesce(end_reason, ?), billed_until = coalesce(lost_at, billed_until)
          where call_id = ?`)
        .run(action.reason, callId);
  }
  return actions;
}

/** Asked again with each look until the call is over. */
async function end({ kamailio, metrics }: WatchDeps, action: Action): Promise<void> {
  if (action.kind !== 'end') return;
  const { dialog, endReason } = action.call;
  if (endReason === null) metrics.count('calls_ended_by_us', action.reason);
  if (dialog) await kamailio.hangUp(dialog, action.reason); // else the next list tells which one it is
}

/** Of phones that were cut off and have not come back: billed until they were cut off. */
async function endLost({ store, kamailio, metrics, graceMs, now }: WatchDeps): Promise<void> {
  const limit = now().getTime() - graceMs;
  const gone = callsUnderWay(store).filter(({ lostAt }) => lostAt !== null && lostAt.getTime() <= limit);
  for (const { callId, lostAt, dialog, endReason } of gone) {
    store
      .prepare(
        "update calls set end_reason = coalesce(end_reason, 'connectionLost'), billed_until = ? where call_id = ?",
      )
      .run(lostAt?.getTime() ?? null, callId);
    if (endReason === null) metrics.count('calls_ended_by_us', 'connectionLost');
    if (dialog) await kamailio.hangUp(dialog, 'connectionLost');
  }
}

/** Kamailio ends a call by itself where we can't: at the same second. */
async function setTimeouts(
  { store, kamailio, limits, now }: WatchDeps,
  escrowId: bigint,
  escrowEndsAt: Date,
  told: Map<string, number>,
): Promise<void> {
  const running = callsOnEscrow(store, escrowId)
    .filter(isCharged)
    .filter(({ state }) => state === 'running');
  for (const call of running) {
    const { callId, dialog, answeredAt, endReason } = call;
    if (dialog === null || answeredAt === null || endReason !== null) continue;
    const longest = answeredAt.getTime() + limits.maxCallSeconds * 1000;
    const until = Math.min(endOf(call).getTime(), escrowEndsAt.getTime(), longest);
    if (told.get(callId) === until) continue;
    const seconds = Math.max(1, Math.ceil((until - now().getTime()) / 1000));
    if (await kamailio.setTimeout(dialog, seconds)) told.set(callId, until);
  }
}

/** Notes which calls are alive, and closes those that Kamailio has lost at the moment at which they were seen last. */
async function compare({ store, kamailio, now, ...rest }: WatchDeps): Promise<void> {
  const asked = now();
  const startedAt = asked.getTime() - (await kamailio.uptimeS()) * 1000 - UPTIME_TOLERANCE_MS;
  const dialogs = await kamailio.dialogs();
  const lost = inTransaction(store, () =>
    callsUnderWay(store).filter((call) => {
      const dialog = dialogs.find(({ sipCallId, entry, id }) =>
        call.dialog ? call.dialog.entry === entry && call.dialog.id === id : call.sipCallId === sipCallId,
      );
      if (dialog) {
        note(store, call, dialog, asked);
        return false;
      }
      // Kamailio keeps dialogs and reports in memory: what is older than itself it has forgotten
      if (call.invitedAt.getTime() < startedAt) return true;
      return asked.getTime() - (call.seenAt ?? call.invitedAt).getTime() > LOST_AFTER_MS;
    }),
  );
  for (const call of lost) {
    rest.log.warn(
      { callId: call.callId },
      'Kamailio has lost this call: it is closed at the moment at which it was seen last',
    );
    const { answeredAt, seenAt, invitedAt } = call;
    const ended = { answeredAt, endedAt: seenAt ?? invitedAt, sipStatus: 500, hangupBy: 'lost' };
    recordEnd({ store, now, ...rest }, call.callId, ended);
  }
}

/** An answer that was not told (the service was down) is seen here. */
function note(
  store: WatchDeps['store'],
  call: Call,
  { entry, id, isAnswered }: { entry: number; id: number; isAnswered: boolean },
  at: Date,
): void {
  store
    .prepare(`update calls set seen_at = ?1, dialog_entry = ?2, dialog_id = ?3,
        state = case when ?4 then 'running' else state end,
        answered_at = case when ?4 then coalesce(answered_at, ?1) else answered_at end
      where call_id = ?5 and state <> 'over'`)
    .run(at.getTime(), entry, id, isAnswered ? 1 : 0, call.callId);
}
