import { isWithin } from '../../protocol/call/deck-index.ts';
import {
  decidePermission,
  type PermissionEscrow,
  type PermissionPolicy,
  promisesOf,
} from '../../protocol/call/permission.ts';
import { priceOf } from '../../protocol/call/price.ts';
import { datoshi } from '../../protocol/types/datoshi.ts';
import type { Call } from './calls.ts';
import { type Charge, priceOfCharge, underWay } from './charge.ts';

/** What is to be done about the calls that run out of one escrow: nothing, a longer hold, or an end. */

/** What a call that was answered has no price by. */
const priceless = ['noTariff', 'deckMissing'] as const;

export type EndReason =
  | 'insufficientFunds'
  | 'escrowEnded'
  | 'voucherMissing'
  | 'overAgreedTerms'
  | (typeof priceless)[number];

export type Action = { kind: 'end'; call: Call; reason: EndReason } | { kind: 'extend'; call: Call; charge: Charge };

export type ChargedCall = Call & { charge: Charge };

export type WatchInput = {
  /** All that are under way out of this escrow. */
  calls: readonly ChargedCall[];
  /** Null: it is closed. */
  escrow: PermissionEscrow | null;
  unsettled: bigint;
  now: Date;
};

/** A hold is made longer while so much of it is left: time for a node or Kamailio that is away for a moment. */
const EXTEND_BEFORE_MS = 60_000;

/** In the order of the calls: each extension is counted before the next one is decided. */
export function decideWatch({ calls, escrow, unsettled, now }: WatchInput, policy: PermissionPolicy): Action[] {
  const charges = new Map(calls.map(({ callId, charge }) => [callId, charge]));
  const talking = calls.filter(({ state }) => state === 'running');
  const isCovered = escrow === null || isSignedFor(talking, escrow, unsettled, now, policy);
  return talking.flatMap((call): Action[] => {
    if (escrow === null || escrow.endsAt <= now) return [{ kind: 'end', call, reason: 'escrowEnded' }];
    const unpriced = priceless.find((reason) => reason === call.endReason);
    if (unpriced) return [{ kind: 'end', call, reason: unpriced }];
    if (!isWithin(call.charge.terms, escrow)) return [{ kind: 'end', call, reason: 'overAgreedTerms' }];
    if (!isCovered) return [{ kind: 'end', call, reason: 'voucherMissing' }];
    const left = endOf(call).getTime() - now.getTime();
    if (left > Math.min(EXTEND_BEFORE_MS, policy.sliceMs / 2)) return [];
    const permission = decidePermission(
      {
        callId: call.callId,
        isOver: false,
        escrow,
        price: priceOfCharge(call.charge),
        unsettled,
        ...promisesOf([...charges.values()].map(underWay), call.callId, now),
        now,
      },
      policy,
    );
    if (permission.allowed && permission.hold && permission.hold.seconds > call.charge.hold.seconds) {
      const charge = { ...call.charge, hold: { ...permission.hold, holdUntil: call.charge.hold.holdUntil } };
      charges.set(call.callId, charge);
      return [{ kind: 'extend', call, charge }];
    }
    return left > 0 ? [] : [{ kind: 'end', call, reason: 'insufficientFunds' }];
  });
}

/** Then the money that is held for it is used up. */
export const endOf = ({ charge }: Pick<ChargedCall, 'charge'>): Date =>
  new Date(charge.hold.heldFrom.getTime() + charge.hold.seconds * 1000);

/**
 * What was spent, what waits to be paid, and what had been talked an interval and its grace ago must be signed for by
 * now; of a call that is younger than that, nothing is asked yet. A phone that was cut off can't sign meanwhile.
 */
function isSignedFor(
  talking: readonly ChargedCall[],
  escrow: PermissionEscrow,
  unsettled: bigint,
  now: Date,
  { unsignedSeconds }: PermissionPolicy,
): boolean {
  if (escrow.voucherKey === null) return true;
  const talked = talking.map(({ answeredAt, lostAt, charge }) => {
    const then = (lostAt ?? now).getTime() - unsignedSeconds * 1000;
    const ms = then - (answeredAt?.getTime() ?? then);
    return ms > 0 ? priceOf(ms, charge.terms).price : datoshi(0n);
  });
  const due = talked.reduce((sum: bigint, each) => sum + each, 0n);
  return due === 0n || escrow.voucherTotal >= escrow.spent + unsettled + due;
}
