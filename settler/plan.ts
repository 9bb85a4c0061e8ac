import type { FailedReason, WaitingReason } from '../protocol/call/reasons.ts';
import { type Datoshi, datoshi } from '../protocol/types/datoshi.ts';
import type { Escrow } from './rate.ts';

/** A rated call that was not claimed yet. */
export type PayableCall = { cdrId: bigint; seconds: bigint; price: Datoshi; ratedAt: Date; tariffHash: string | null };

export type Policy = {
  /** Datoshi owed by one escrow that make a claim worth its fee at once. */
  amount: Datoshi;
  maxAgeMs: number;
  /** Less is not claimed at a time. */
  minAmount: Datoshi;
  /** So long before the claim deadline, what was signed is claimed, though it does not cover all. */
  beforeDeadlineMs: number;
};

export type EscrowView = {
  escrow: Escrow;
  /** Why nothing more can be claimed from it, once it is closed. */
  closedBy: FailedReason | null;
  /** The provider is the signer, or has named it as its operator. */
  authorised: boolean;
  /** The oldest first. */
  calls: readonly PayableCall[];
  /** There are more than these: as many as one claim may hold. */
  more: boolean;
  /** The highest total that the user has validly signed; 0 without one. */
  voucherTotal: Datoshi;
  /** Time of the newest indexed block: the chain's own clock. */
  headTime: Date;
};

export type PlannedCall = PayableCall & { amount: Datoshi };

export type Plan = {
  /** What is claimed now; empty where nothing is, or nothing is due. */
  claimed: PlannedCall[];
  /** Calls that cannot be claimed any more, and why. */
  failed: { cdrId: bigint; reason: FailedReason }[];
  /** Calls that can't be claimed yet, and why. */
  waiting: { cdrId: bigint; reason: WaitingReason }[];
};

/**
 * Which calls of an escrow are claimed now, and for how much: so that the contract accepts the claim (its rules
 * overAmount, overTime and badVoucher), and so that a call is paid in part only when nothing more can come.
 */
export function plan(view: EscrowView, policy: Policy, now: Date): Plan {
  const dead = deadReason(view);
  if (dead) return { claimed: [], failed: view.calls.map(({ cdrId }) => ({ cdrId, reason: dead })), waiting: [] };
  if (!view.authorised)
    return { claimed: [], failed: [], waiting: view.calls.map(({ cdrId }) => ({ cdrId, reason: 'notAuthorised' })) };
  const allotted = allot(view, policy);
  const { claimed, waiting } = allotted;
  if (claimed.length === 0) return allotted;
  // what a claim leaves nothing for has not failed before that claim is made
  if (totalOf(claimed) < policy.minAmount && !view.more) {
    const tooSmall = claimed.map(({ cdrId }) => ({ cdrId, reason: 'tooSmall' as const }));
    return { claimed: [], failed: [], waiting: [...waiting, ...tooSmall] };
  }
  return isDue(view, policy, now, claimed) ? allotted : { claimed: [], failed: [], waiting };
}

function deadReason({ escrow, closedBy, headTime }: EscrowView): FailedReason | null {
  if (escrow.state === 'closed') return closedBy ?? 'escrowClosed';
  return headTime > escrow.claimDeadline ? 'pastDeadline' : null;
}

/**
 * Takes one call after the other as long as time, money and voucher reach; a smaller one may fit behind a larger one.
 */
function allot(view: EscrowView, policy: Policy): Plan {
  const { escrow, calls, headTime } = view;
  const result: Plan = { claimed: [], failed: [], waiting: [] };
  const ended = headTime > escrow.endsAt;
  const final = isFinal(view, policy);
  let room = coverOf(view);
  let money = escrow.amount - escrow.spent;
  let { seconds, calls: count } = escrow;
  for (const call of calls) {
    const { cdrId, price } = call;
    if (!fitsTime(view, seconds + call.seconds, count + 1n)) {
      if (ended) result.failed.push({ cdrId, reason: 'overTime' });
      else result.waiting.push({ cdrId, reason: 'aheadOfTime' });
      continue;
    }
    const amount = price <= room ? price : final ? room : 0n;
    if (amount === 0n) {
      // a voucher is taken until the claim deadline, and may cover it
      const maySign = escrow.voucherKey !== null && money > 0n;
      if (final && !maySign) result.failed.push({ cdrId, reason: 'nothingLeft' });
      else {
        const isUncovered = final || isShortOfVoucher(view, price, room);
        result.waiting.push({ cdrId, reason: isUncovered ? 'notCovered' : 'overAmount' });
      }
      continue;
    }
    result.claimed.push({ ...call, amount: datoshi(amount) });
    room -= amount;
    money -= amount;
    seconds += call.seconds;
    count += 1n;
  }
  return result;
}

/** What may still be claimed: as far as the money reaches, and where there is a voucher key, as far as was signed. */
function coverOf({ escrow, voucherTotal }: EscrowView): bigint {
  const reach = escrow.voucherKey !== null && voucherTotal < escrow.amount ? voucherTotal : escrow.amount;
  return reach > escrow.spent ? reach - escrow.spent : 0n;
}

/** A higher voucher would help, more money would not be needed. */
function isShortOfVoucher({ escrow }: EscrowView, price: bigint, room: bigint): boolean {
  return escrow.voucherKey !== null && price <= escrow.amount - escrow.spent && price > room;
}

/** What can't be paid in full is paid in part: no money comes after the end, and for vouchers it is high time. */
function isFinal({ escrow, headTime }: EscrowView, { beforeDeadlineMs }: Policy): boolean {
  return escrow.voucherKey === null
    ? headTime > escrow.endsAt
    : headTime.getTime() >= lastCall(escrow, beforeDeadlineMs);
}

/** When it is high time to claim: not before half of the claim window is over, however short that is. */
function lastCall({ endsAt, claimDeadline }: Escrow, beforeDeadlineMs: number): number {
  const claimWindowMs = claimDeadline.getTime() - endsAt.getTime();
  return claimDeadline.getTime() - Math.min(beforeDeadlineMs, claimWindowMs / 2);
}

/** The contract's rule overTime; by the time of the newest block, which can only be stricter than the next one's. */
function fitsTime({ escrow, headTime }: EscrowView, seconds: bigint, calls: bigint): boolean {
  const until = Math.min(headTime.getTime(), escrow.endsAt.getTime());
  const elapsed = BigInt(Math.ceil(Math.max(0, until - escrow.openedAt.getTime()) / 1000));
  const bound = BigInt(escrow.maxParallel) * elapsed;
  return calls <= bound && seconds <= bound + BigInt(escrow.increment) * calls;
}

function isDue(view: EscrowView, policy: Policy, now: Date, claimed: readonly PlannedCall[]): boolean {
  const [oldest] = claimed;
  if (!oldest) return false;
  const { escrow, headTime } = view;
  if (escrow.state === 'closing' || headTime > escrow.endsAt) return true;
  if (totalOf(claimed) >= policy.amount) return true;
  return now.getTime() - oldest.ratedAt.getTime() >= policy.maxAgeMs;
}

const totalOf = (claimed: readonly PlannedCall[]) => claimed.reduce((sum, call) => sum + call.amount, 0n);
