import type { Datoshi } from '../types/datoshi.ts';
import type { CallPrice } from './call-price.ts';
import { type AgreedTerms, isWithin } from './deck-index.ts';
import { priceOf, type Terms } from './price.ts';

/**
 * Whether a call may begin or go on, and for how long: the same decision wherever it is taken, by the API or by a
 * provider's own kit.
 */

export type PermissionEscrow = AgreedTerms & {
  state: 'open' | 'closing' | 'closed';
  amount: bigint;
  spent: bigint;
  maxParallel: number;
  endsAt: Date;
  /** Null: calls need no voucher. */
  voucherKey: string | null;
  /** The highest total that was validly signed. */
  voucherTotal: bigint;
};

/** What is promised to a call that runs, or is about to: what it may cost at the most for so many seconds. */
export type Hold = {
  callId: string;
  heldFrom: Date;
  seconds: number;
  amount: Datoshi;
  /** Then it ends, unless it was extended, released, or its CDR came. */
  holdUntil: Date;
};

/** One that was written down. */
export type KeptHold = Hold & {
  /** Once its CDR came, it keeps the money until that is rated, and no line any more. */
  isHandedIn: boolean;
  /** What the call costs as soon as it is answered. */
  least: Datoshi;
};

export type PermissionPolicy = {
  /** A call holds money for so long ahead: a long one does not block the others. */
  sliceMs: number;
  /** A hold outlasts its seconds by this: time for the CDR, or for the next extension. */
  graceMs: number;
  /** Talk time that may go unsigned: the voucher interval and its grace. */
  unsignedSeconds: number;
};

/** The slice of `settlement.md`, a grace of half a minute, and one interval of 10 s with half of it as grace. */
export const defaultPolicy: PermissionPolicy = { sliceMs: 300_000, graceMs: 30_000, unsignedSeconds: 15 };

/** Why not, with the words that a person can act on. */
const refusals = {
  callEnded: 'the CDR of this call was handed in already: another call needs a callId of its own',
  noEscrow: 'the user has no open escrow with this provider: they open one, and reserve GAS in it',
  escrowEnded: 'the escrow has ended or is being closed: the user opens another one, or extends it before it ends',
  overParallel: 'as many calls run as the escrow allows at the same time',
  noTariff: "the provider's rate deck has no price for this destination",
  deckMissing: "nobody has handed in the document of the provider's rate deck that stands on chain",
  overAgreedTerms: 'the price exceeds the rate, fee or increment that the user agreed to when the escrow was opened',
  voucherMissing:
    'what was talked so far, and how other calls begin, is not signed for: the user signs a voucher first',
  insufficientFunds:
    'the escrow does not hold enough for the call: the user extends it, or calls a cheaper destination',
} as const satisfies Record<string, string>;

export type RefusalReason = keyof typeof refusals;
export const refusalReasons = Object.keys(refusals) as RefusalReason[];
export const wordsOfRefusal = (reason: RefusalReason): string => refusals[reason];

export type Permission =
  | { allowed: true; hold: Hold | null; maxSeconds: number; terms: Terms | null; entry: string | null }
  | { allowed: false; reason: RefusalReason };

export type PermissionInput = {
  callId: string;
  /** Its CDR was handed in. */
  isOver: boolean;
  /** Null: there is none that could pay. */
  escrow: PermissionEscrow | null;
  /** A call that has a hold keeps the price that it began with. */
  price: CallPrice;
  /** What calls cost that were handed in, and are not settled yet. */
  unsettled: bigint;
  /** The call's own hold out of this escrow, where it has one that is not over. */
  own: Hold | null;
  /** What the escrow's other holds come to, but for those that are over. */
  others: Promises;
  now: Date;
};

export type Promises = {
  /** Calls that hold a line. */
  running: number;
  /** Datoshi. */
  promised: bigint;
  /** What they cost as soon as they are answered. */
  least: bigint;
};

/** Of an escrow's holds, that of the call, and what the others come to. */
export function promisesOf(
  holds: readonly KeptHold[],
  callId: string,
  now: Date,
): Pick<PermissionInput, 'own' | 'others'> {
  const live = holds.filter((hold) => hold.isHandedIn || hold.holdUntil > now);
  const others = live.filter((hold) => hold.callId !== callId);
  return {
    own: live.find((hold) => hold.callId === callId) ?? null,
    others: {
      running: others.filter(({ isHandedIn }) => !isHandedIn).length,
      promised: others.reduce((sum, { amount }) => sum + amount, 0n),
      least: others.reduce((sum, { least }) => sum + least, 0n),
    },
  };
}

/**
 * Decides, and says what to hold. Money that is spent, owed for calls that were handed in, or held for others is never
 * promised again. The same call again extends its hold; one that can't be extended keeps what it has.
 */
export function decidePermission(input: PermissionInput, policy: PermissionPolicy = defaultPolicy): Permission {
  const { callId, isOver, escrow, price, unsettled, own, others, now } = input;
  if (isOver) return refuse('callEnded');
  if (escrow === null) return refuse('noEscrow');
  const from = own?.heldFrom ?? now;
  const secondsLeft = Math.floor((escrow.endsAt.getTime() - from.getTime()) / 1000);
  if (escrow.state !== 'open' || escrow.endsAt <= now || secondsLeft < 1) return refuse('escrowEnded');
  if (others.running >= escrow.maxParallel) return refuse('overParallel');
  if (price.kind === 'noTariff' || price.kind === 'deckMissing') return refuse(price.kind);
  if (price.kind === 'free') return { allowed: true, hold: null, maxSeconds: secondsLeft, terms: null, entry: null };
  const { terms, entry } = price;
  if (!isWithin(terms, escrow)) return refuse('overAgreedTerms');
  if (!isSigned(escrow, unsettled + (own ? 0n : others.least), terms, policy)) return refuse('voucherMissing');
  const affordable = affordableSeconds(escrow.amount - escrow.spent - unsettled - others.promised, terms);
  if (affordable === null) return refuse('insufficientFunds');
  const wanted = Math.ceil((now.getTime() - from.getTime() + policy.sliceMs) / 1000);
  const seconds = Math.max(own?.seconds ?? 0, Math.min(wanted, secondsLeft, affordable));
  const holdUntil = new Date(from.getTime() + seconds * 1000 + policy.graceMs);
  const amount = priceOf(seconds * 1000, terms).price;
  const maxSeconds = Math.min(seconds, secondsLeft);
  return { allowed: true, hold: { callId, heldFrom: from, seconds, amount, holdUntil }, maxSeconds, terms, entry };
}

const refuse = (reason: RefusalReason): Permission => ({ allowed: false, reason });

/**
 * But for the last interval, what was used must be signed for; before another call begins, so must the beginnings of
 * those under way: what is unsigned is one call's beginning, however many there are.
 */
function isSigned(
  { voucherKey, voucherTotal, spent }: PermissionEscrow,
  used: bigint,
  terms: Terms,
  { unsignedSeconds }: PermissionPolicy,
): boolean {
  return voucherKey === null || voucherTotal + terms.ratePerSecond * BigInt(unsignedSeconds) >= spent + used;
}

/** No call lasts longer than the longest escrow: 90 days. */
const MAX_SECONDS = 90 * 86_400;

/** How long a call may last for so much money, in whole increments; null where it does not reach for the first one. */
export function affordableSeconds(money: bigint, terms: Terms): number | null {
  const { ratePerSecond, feePerCall, initialIncrement, increment } = terms;
  const forTime = money - feePerCall;
  if (forTime < ratePerSecond * BigInt(initialIncrement)) return null;
  if (ratePerSecond === 0n) return MAX_SECONDS;
  const steps = (forTime / ratePerSecond - BigInt(initialIncrement)) / BigInt(increment);
  const seconds = BigInt(initialIncrement) + steps * BigInt(increment);
  return seconds > MAX_SECONDS ? MAX_SECONDS : Number(seconds);
}
