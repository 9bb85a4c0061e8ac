import type { ClaimCode } from '../contract/claim.ts';

/**
 * Why a CDR is not paid, or not in full, or not yet. Codes are stable, and they are a CDR's own: what the contract says
 * of a claim (`ClaimRejected`) is about the sum of many calls, and is told to their provider in these words.
 */
type Reason = {
  /** What was wrong, or what is waited for. */
  what: string;
  /** What the provider can do. */
  remedy: string;
};

/** The call is never payable; a correction may replace its CDR. */
const rejected = {
  unknownEscrow: {
    what: 'there was no escrow with this id when the call took place',
    remedy: 'correct the CDR with the id of the escrow that the user opened with you',
  },
  foreignEscrow: {
    what: "the escrow is another provider's or another user's",
    remedy: 'correct the CDR with the id of the escrow that this user opened with you',
  },
  endsBeforeItStarts: {
    what: 'the times contradict each other: startedAt <= answeredAt <= endedAt must hold, give or take 1 second',
    remedy: 'correct the CDR with the right times',
  },
  contradictoryDisposition: {
    what: "an answered call has the disposition 'answered' and an answeredAt, any other has neither",
    remedy: 'correct the CDR',
  },
  contradictoryStatus: {
    what: 'an answered call has a sipStatus of 200 to 299',
    remedy: 'correct the CDR with the final status of the leg that was answered',
  },
  inTheFuture: {
    what: 'the call ends more than 1 minute after its CDR was submitted',
    remedy: 'check the clock of your proxy, and correct the CDR',
  },
  outsideEscrowTime: {
    what: 'the call was answered before the escrow was opened or after it had ended',
    remedy: 'correct the CDR with the escrow that was open then; ask before each call whether it is covered',
  },
  overParallel: {
    what: 'no line was free: as many calls as maxParallel allows were under way, or hold the line by a claim',
    remedy: 'agree on a larger maxParallel, and ask before each call; if a time or the leg is wrong, correct the CDR',
  },
  noTariff: {
    what: 'the rate deck that was in force when the call was answered has no entry for its destination',
    remedy: 'correct the CDR if its destination is wrong; publish a deck that prices it before the next call',
  },
  overAgreedTerms: {
    what: "the deck's rate, fee or increment is more than the user agreed to when the escrow was opened",
    remedy: 'ask before each call whether it is covered',
  },
  deckNeverHandedIn: {
    what: 'the rate deck that prices the call was not handed in before the claim deadline of the escrow',
    remedy: 'next time, hand in the deck before you set its hash on chain',
  },
  overMaximum: {
    what: 'the call costs more than 2^63 - 1 datoshi, which no claim can hold',
    remedy: 'correct the CDR if its times are wrong',
  },
  correctsPayable: {
    what: 'the CDR that it corrects may be paid',
    remedy: 'report it: the API should have refused the correction',
  },
} as const satisfies Record<string, Reason>;

/** The price is known, and the call is not claimed yet. */
const waiting = {
  notServed: {
    what: 'this operator does not claim for this provider',
    remedy: 'ask the operator to serve you, name another operator with setOperator, or settle the escrow yourself',
  },
  notAuthorised: {
    what: 'the provider has not named this operator, or was undeployed',
    remedy: 'name it with setOperator, or settle the escrow yourself',
  },
  deckMissing: {
    what: 'the rate deck whose hash stood on chain when the call was answered has not been handed in',
    remedy: 'hand it in with PUT /v1/providers/{address}/tariff',
  },
  notCovered: {
    what: 'no valid voucher covers this call yet',
    remedy: "hand one in before the escrow's claim deadline",
  },
  badVoucher: {
    what: "the CDR's voucher is not signed by the escrow's voucherKey and was left aside",
    remedy: "hand in a valid one before the escrow's claim deadline",
  },
  overAmount: {
    what: 'the escrow holds less than the call costs',
    remedy: 'the user can extend it until it ends; after that, what is left is claimed',
  },
  aheadOfTime: {
    what: 'the claim would hold more calls or seconds than the time since the escrow was opened allows for',
    remedy: 'nothing is to be done: time goes on, and it is claimed then',
  },
  tooSmall: {
    what: 'the escrow owes less than the settler claims at a time',
    remedy: 'nothing is to be done: it waits for more calls; or settle the escrow yourself, and then all of it',
  },
  feeLimit: {
    what: 'to claim it alone costs more than the settler may spend on a transaction',
    remedy: 'settle the escrow yourself, and then all of it',
  },
  refusedByChain: {
    what: 'the chain would not accept the claim now',
    remedy: 'nothing is to be done: the settler tries again',
  },
  parked: {
    what: 'the escrow is parked, because its numbers contradict each other',
    remedy: 'ask the operator: a person has to look first',
  },
} as const satisfies Record<string, Reason>;

/** The call was payable, and nothing can be claimed for it any more. */
const failed = {
  closedByProvider: {
    what: 'the provider closed the escrow before this call was claimed, and the rest went back to the user',
    remedy: 'next time, close an escrow only when all of its calls are settled',
  },
  closedByClaim: {
    what: 'the escrow was closed by a claim of the provider or its operator that did not hold this call',
    remedy: 'next time, hand in all CDRs before a claim closes the escrow',
  },
  refundedAfterDeadline: {
    what: 'the escrow was refunded to the user after its claim deadline',
    remedy: 'next time, hand in CDRs and vouchers earlier, or agree on a longer claim window',
  },
  escrowClosed: {
    what: 'the escrow was closed before this call was claimed',
    remedy: "the escrow's history tells who closed it",
  },
  pastDeadline: {
    what: "the escrow's claim deadline is over",
    remedy: 'next time, hand in CDRs and vouchers earlier, or agree on a longer claim window',
  },
  overTime: {
    what: 'the escrow has ended, and its calls or seconds are more than its time allowed for',
    remedy: 'next time, check the clock of your proxy, and keep to maxParallel',
  },
  nothingLeft: {
    what: 'the escrow and its vouchers were used up by other calls',
    remedy: 'next time, ask before each call whether it is covered',
  },
  paidElsewhere: {
    what: 'a claim that this settler does not know has paid it, as a person found',
    remedy: 'nothing is to be done',
  },
} as const satisfies Record<string, Reason>;

/** The call is claimed or settled, for less than its price. */
const partlyPaid = {
  capped: {
    what: 'paid as far as the escrow and its vouchers reached',
    remedy: 'next time, ask before each call whether it is covered',
  },
} as const satisfies Record<string, Reason>;

export type RejectedReason = keyof typeof rejected;
export type WaitingReason = keyof typeof waiting;
export type FailedReason = keyof typeof failed;
export type ReasonCode = RejectedReason | WaitingReason | FailedReason | keyof typeof partlyPaid;

/** By what they mean for the CDR; the page for providers lists them so. */
export const reasons = { rejected, waiting, failed, partlyPaid } as const;

const all: Readonly<Record<ReasonCode, Reason>> = { ...rejected, ...waiting, ...failed, ...partlyPaid };

/** What was wrong, and what the provider can do. */
export function wordsOf(code: ReasonCode): string {
  const { what, remedy } = all[code];
  return `${what}; ${remedy}`;
}

/** Words for a code as it is stored; null where this version does not know it. */
export function wordsOfStored(code: string): string | null {
  return Object.hasOwn(all, code) ? wordsOf(code as ReasonCode) : null;
}

/** Proxies without a working time service are seconds to minutes off; an hour off is a time zone or another escrow. */
const CLOCK_SUSPECT_MS = 10 * 60_000;

/** The same for a time that misses a border by so much: where it is little, a clock may be to blame. */
export function wordsOfMiss(code: RejectedReason, missMs: number): string {
  if (missMs > CLOCK_SUSPECT_MS) return wordsOf(code);
  return `${wordsOf(code)}; it is only ${(missMs / 1000).toFixed(3)} s off: the clock of your proxy may be wrong`;
}

/** What the provider is told while a claim would be rejected so: it is tried again. */
export const waitingFor: Record<ClaimCode, WaitingReason> = {
  malformed: 'refusedByChain',
  unknownEscrow: 'refusedByChain',
  notAuthorised: 'notAuthorised',
  staleSequence: 'refusedByChain',
  pastDeadline: 'refusedByChain',
  overAmount: 'overAmount',
  overRate: 'refusedByChain',
  overTime: 'aheadOfTime',
  badVoucher: 'notCovered',
};
