import { type ClaimCode, claimCodeMeaning } from '../protocol/contract/claim.ts';

/** Why a CDR is not paid, or not paid in full, or not yet. Codes are stable; the words say what the provider can do. */
const reasons = {
  unknownEscrow: 'there was no escrow with this id when the call took place',
  foreignEscrow:
    "the escrow is another provider's or another user's; send the id of the escrow that this user opened with you",
  endsBeforeItStarts: 'the times contradict each other: startedAt <= answeredAt <= endedAt must hold',
  contradictoryDisposition: "an answered call has the disposition 'answered' and an answeredAt, any other has neither",
  inTheFuture: 'the call ends after it was submitted; check the clock of your proxy',
  outsideEscrowTime: 'the call was answered before the escrow was opened or after it had ended',
  escrowClosed: 'the escrow was closed before this call was claimed',
  pastDeadline: claimCodeMeaning.pastDeadline,
  overAmount:
    'the escrow holds less than the call costs; the user can extend it until it ends, then what is left is claimed',
  overTime: claimCodeMeaning.overTime,
  notCovered: "no valid voucher covers this call yet; send one with a CDR, before the escrow's claim deadline",
  notAuthorised: claimCodeMeaning.notAuthorised,
  overMaximum: 'the call costs more than 2^63 - 1 datoshi, which no claim can hold',
  tooSmall:
    'what the escrow owes is less than the settler claims at a time; it waits for more calls; the provider can settle the escrow itself, and then all of it',
  refusedByChain: 'the chain would not run the claim; the settler tries again',
  feeLimit:
    'claiming it alone costs more than the settler may spend on a transaction; the provider can settle the escrow itself, and then all of it',
  parked: 'the escrow is parked: its numbers contradict each other, and a person has to look first',
  badVoucher: "the CDR's voucher is not signed by the escrow's voucherKey and was left aside",
  capped: 'paid as far as the escrow and its vouchers reached',
  nothingLeft: 'the escrow and its vouchers were used up by earlier calls when it ended',
} as const satisfies Record<string, string>;

export type ReasonCode = keyof typeof reasons | ClaimCode;

export function wordsOf(code: ReasonCode): string {
  return code in reasons ? reasons[code as keyof typeof reasons] : claimCodeMeaning[code as ClaimCode];
}
