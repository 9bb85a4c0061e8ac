import type { Voucher } from '../sign/voucher.ts';
import type { Datoshi } from '../types/datoshi.ts';

/** The rated calls of one escrow, summed up: what `settle` takes. */
export type Claim = {
  escrowId: bigint;
  /** Number of claims accepted so far for this escrow. */
  seq: bigint;
  amount: Datoshi;
  /** Billed seconds. */
  seconds: bigint;
  calls: bigint;
  /** Merkle-sum root over the calls' CDRs, 32 bytes. */
  cdrRoot: Uint8Array;
  voucher: Voucher | null;
  /** The rest goes back to the user with this claim. */
  close: boolean;
};

/** The contract takes so many in one call of `settle`: the VM's stack holds about 200. */
export const MAX_CLAIMS_PER_CALL = 128;
/** The chain allows so many in one transaction, and each claim makes one, with `close` two. */
export const MAX_NOTIFICATIONS = 512;

/** Codes of ClaimRejected, in the order of the contract's checks. */
export const claimCode = {
  malformed: 1,
  unknownEscrow: 2,
  notAuthorised: 3,
  staleSequence: 4,
  pastDeadline: 5,
  overAmount: 6,
  overRate: 7,
  overTime: 8,
  badVoucher: 9,
} as const;

export type ClaimCode = keyof typeof claimCode;

export function claimCodeName(code: number): ClaimCode | undefined {
  return (Object.keys(claimCode) as ClaimCode[]).find((name) => claimCode[name] === code);
}

/** What each code means and what the provider can do, in words. */
export const claimCodeMeaning: Record<ClaimCode, string> = {
  malformed: 'a field of the claim is of a wrong type or out of range; this is a fault of the settler, report it',
  unknownEscrow: 'the escrow is closed or never was; nothing more can be claimed from it',
  notAuthorised: 'the signer is neither the provider nor its operator; the provider can name it with setOperator',
  staleSequence: 'another claim with this number was accepted before; the settler follows the chain',
  pastDeadline: "the escrow's claim deadline is over; claim earlier, or agree on a longer claim window",
  overAmount: 'the escrow holds less than is claimed; the user can extend it while it is open',
  overRate: 'more than the rate and the fee that the user agreed to',
  overTime: 'more calls or seconds than the time since the escrow was opened allows for its parallel calls',
  badVoucher: "the voucher is missing, does not cover the claim, or its signature is not by the escrow's voucherKey",
};
