import { NodeUnavailable } from '../../chain/errors.ts';
import type { EscrowRecord } from '../../chain/read.ts';
import { Outage } from '../../process/outage.ts';
import {
  type Call,
  callIdsUnderWay,
  callsLostBefore,
  callsOnEscrow,
  escrowsUnderWay,
  noteEnding,
  unsettledOf,
  writeCharge,
} from './calls.ts';
import { permissionEscrow } from './charge.ts';
import { type Action, type ChargedCall, decideWatch, type WatchInput } from './decide-watch.ts';
import type { Deps } from './deps.ts';
import { KamailioUnavailable } from './kamailio.ts';
import { warnOfLongCalls } from './limits.ts';
import { createList } from './list.ts';
import { soundUntil } from './media.ts';
import { committed, inTransaction } from './store.ts';
import { createTimeouts, type Looked } from './timeouts.ts';
import { voucherTotal } from './vouchers.ts';

/** Money, vouchers and escrows of running calls are looked at so often. */
export const WATCH_MS = 500;
/** After so long others get their turn. */
const TURN_MS = 5;

type WatchDeps = Pick<
  Deps,
  | 'store'
  | 'chain'
  | 'decks'
  | 'kamailio'
  | 'rtpengine'
  | 'graceMs'
  | 'policy'
  | 'limits'
  | 'rates'
  | 'metrics'
  | 'log'
  | 'now'
>;

export type Watch = { look(): Promise<void>; list(): Promise<void> };

/** Ends what is no longer paid for, and promises more to what is. */
export function createWatch(deps: WatchDeps): Watch {
  const { store, now } = deps;
  const nodeAway = new Outage(deps.log, 'running calls go on by what is known of their escrows');
  const kamailioAway = new Outage(deps.log, 'waiting for Kamailio');
  const timeouts = createTimeouts(deps);
  const list = createList(deps);
  /** Calls that were warned of. */
  const warned = new Set<string>();

  return {
    look: async () => {
      await attempt(kamailioAway, () => endLost(deps));
      const escrows = await escrowsOf(deps, escrowsUnderWay(store), nodeAway);
      const looked: Looked[] = [];
      let begun = performance.now();
      for (const [escrowId, record] of escrows) {
        looked.push(...inTransaction(store, () => lookAt(deps, escrowId, record)));
        if (performance.now() - begun < TURN_MS) continue;
        await committed(store);
        begun = performance.now();
      }
      await committed(store); // Kamailio is told of no hold that a crash could take back
      const ending = looked.map(({ action }) => action).filter((action) => action?.kind === 'end');
      await Promise.all(ending.map((action) => attempt(kamailioAway, () => end(deps, action))));
      await attempt(kamailioAway, () => timeouts.tell(looked));
      timeouts.forgetAllBut(callIdsUnderWay(store));
      warnOfLongCalls(deps, warned, now());
    },
    list: () => attempt(kamailioAway, list),
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

/** Without those of which no node tells; null: it is closed. */
async function escrowsOf(
  { chain }: WatchDeps,
  ids: readonly bigint[],
  outage: Outage,
): Promise<Map<bigint, EscrowRecord | null>> {
  const found = new Map<bigint, EscrowRecord | null>();
  const read = async (id: bigint) => {
    try {
      found.set(id, await chain.escrow(id));
      outage.end();
    } catch (error) {
      if (!(error instanceof NodeUnavailable)) throw error;
      outage.report(error);
    }
  };
  await Promise.all(ids.map(read));
  return found;
}

type End = Action & { kind: 'end' };

function lookAt(deps: WatchDeps, escrowId: bigint, record: EscrowRecord | null): Looked[] {
  const { store, policy, now } = deps;
  const calls = callsOnEscrow(store, escrowId).filter(isCharged);
  const input: WatchInput = {
    calls,
    escrow: record && permissionEscrow(record, voucherTotal(store, escrowId)),
    unsettled: unsettledOf(store, escrowId, record?.spent ?? 0n),
    now: now(),
  };
  const actions = new Map(decideWatch(input, policy).map((action) => [action.call, action]));
  for (const action of actions.values()) write(deps, action);
  return calls.map((call) => ({ call, action: actions.get(call) ?? null, escrowEndsAt: record?.endsAt ?? null }));
}

function write({ store }: Pick<WatchDeps, 'store'>, action: Action): void {
  const { callId } = action.call;
  if (action.kind === 'extend') writeCharge(store, callId, action.charge);
  else noteEnding(store, callId, action.reason);
}

/** Asked again with each look until the call is over. */
async function end(deps: WatchDeps, { call, reason }: End): Promise<void> {
  const { kamailio, metrics } = deps;
  const { dialog, endReason, state } = call;
  if (state === 'running') await billToSound(deps, call);
  if (endReason === null) metrics.count('calls_ended_by_us', reason);
  if (dialog) await kamailio.hangUp(dialog, reason); // else the next list tells which one it is
}

/** A phone whose network is gone signs no vouchers, either: it is billed until its sound stopped. */
async function billToSound(deps: WatchDeps, call: Call): Promise<void> {
  const { store } = deps;
  const until = await soundUntil(deps, call);
  if (until === null) return;
  inTransaction(store, () =>
    store
      .prepare('update calls set billed_until = coalesce(billed_until, ?) where call_id = ?')
      .run(until.getTime(), call.callId),
  );
  await committed(store); // to where it is billed has to outlive what follows
}

/** Of phones that were cut off and have not come back. */
async function endLost({ store, kamailio, metrics, graceMs, now }: WatchDeps): Promise<void> {
  const gone = callsLostBefore(store, new Date(now().getTime() - graceMs));
  for (const { callId, dialog, endReason } of gone) {
    inTransaction(store, () => noteEnding(store, callId, 'connectionLost'));
    if (endReason === null) metrics.count('calls_ended_by_us', 'connectionLost');
    await committed(store); // from now on it does not come back
    if (dialog) await kamailio.hangUp(dialog, 'connectionLost');
  }
}
