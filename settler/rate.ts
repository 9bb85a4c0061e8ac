import type { Selectable } from 'kysely';
import type { Cdrs, Escrows } from '../database/types.ts';
import { type CallPrice, type DeckPrice, freeTerms, priceFor } from '../protocol/call/call-price.ts';
import { isWithin } from '../protocol/call/deck-index.ts';
import { priceOf, type Terms } from '../protocol/call/price.ts';
import type { RejectedReason } from '../protocol/call/reasons.ts';
import { type Datoshi, datoshi, maxInteger } from '../protocol/types/datoshi.ts';

export type Cdr = Selectable<Cdrs>;
export type Escrow = Selectable<Escrows>;

/** A price that explains itself: by which tariff, which entry of it, which terms. */
export type Explanation = {
  ratePerSecond: string;
  feePerCall: string;
  increments: { initial: number; further: number };
  /** null: the escrow's own terms. */
  tariffHash: string | null;
  entry: string | null;
};

export type Rating =
  /** The index has not reached the end of the call: what it says of the escrow is not all yet. */
  | { state: 'wait' }
  /** The deck that prices it has not been handed in. */
  | { state: 'deckMissing'; tariffHash: string }
  | Rejection
  | { state: 'rated'; billableSeconds: bigint; price: Datoshi; explanation: Explanation };

/** By how much a time misses its border, where a clock may be to blame. */
type Rejection = { state: 'rejected'; reason: RejectedReason; missMs: number | null };

const rejected = (reason: RejectedReason, missMs: number | null = null): Rejection => ({
  state: 'rejected',
  reason,
  missMs,
});

/** Proxies that stamp whole seconds: a time that is before the one it must follow by so little counts as equal. */
const STAMP_TOLERANCE_MS = 1_000;
/** Clocks of proxies and of the chain's validators may differ by so much. */
const CLOCK_TOLERANCE_MS = 5_000;
/**
 * A CDR may be so far ahead of our clock: what it says is rated when the chain has come as far, and a CDR comes but
 * once.
 */
export const MAX_CLOCK_LEAD_MS = 60_000;

/**
 * What a call costs by the deck that was in force when it was answered, within the terms that its user agreed to.
 * Depends on the CDR, the chain up to the block at `indexTime` and the deck alone, so that rating again gives the same
 * answer.
 */
export function rate(cdr: Cdr, escrow: Escrow | undefined, found: DeckPrice, indexTime: Date): Rating {
  const wrong = contradiction(cdr);
  if (wrong) return wrong;
  if (indexTime < lastMoment(cdr)) return { state: 'wait' };
  if (!escrow) return mayBeOpenedYet(cdr, indexTime) ? { state: 'wait' } : rejected('unknownEscrow');
  const refusal = mismatch(cdr, escrow);
  if (refusal) return refusal;
  const ms = answeredMs(cdr, escrow);
  const priced = priceFor(found, escrow);
  return ms === null ? rateFree(priced) : rateAnswered(ms, priced, escrow, indexTime);
}

/** What costs nothing: an unanswered call, and one that the deck has no entry for and needs none. */
function rateFree(priced: CallPrice): Rating {
  const [terms, entry] = priced.kind === 'priced' ? [priced.terms, priced.entry] : [freeTerms, null];
  const explanation = explain(terms, priced.tariffHash, entry);
  return { state: 'rated', billableSeconds: 0n, price: datoshi(0n), explanation };
}

function rateAnswered(ms: number, priced: CallPrice, escrow: Escrow, indexTime: Date): Rating {
  switch (priced.kind) {
    case 'deckMissing': {
      const isTooLate = escrow.state === 'closed' || indexTime > escrow.claimDeadline;
      if (isTooLate) return rejected('deckNeverHandedIn');
      return { state: 'deckMissing', tariffHash: priced.tariffHash };
    }
    case 'noTariff':
      return rejected('noTariff');
    case 'free':
      return rateFree(priced);
    case 'priced': {
      const { terms, tariffHash, entry } = priced;
      if (!isWithin(terms, escrow)) return rejected('overAgreedTerms');
      const { seconds, price } = priceOf(ms, terms);
      if (price > maxInteger) return rejected('overMaximum');
      return { state: 'rated', billableSeconds: seconds, price, explanation: explain(terms, tariffHash, entry) };
    }
    default:
      return priced satisfies never;
  }
}

/** A short call may be over, by its proxy's clock, before the block that opens its escrow. */
function mayBeOpenedYet(cdr: Cdr, indexTime: Date): boolean {
  return indexTime.getTime() < lastMoment(cdr).getTime() + CLOCK_TOLERANCE_MS;
}

/** An answer stamped after the end decides by which deck, and out of which escrow: blocks until then may count. */
function lastMoment({ startedAt, answeredAt, endedAt }: Cdr): Date {
  const connectedAt = answeredAt ?? startedAt;
  return connectedAt > endedAt ? connectedAt : endedAt;
}

/** Wrong in itself, whatever the chain says. */
function contradiction(cdr: Cdr): Rejection | null {
  const { startedAt, answeredAt, endedAt, disposition, sipStatus, receivedAt } = cdr;
  const connectedAt = answeredAt ?? startedAt;
  if (!follows(connectedAt, startedAt) || !follows(endedAt, connectedAt) || !follows(endedAt, startedAt))
    return rejected('endsBeforeItStarts');
  if ((disposition === 'answered') !== (answeredAt !== null)) return rejected('contradictoryDisposition');
  if (answeredAt !== null && (sipStatus < 200 || sipStatus > 299)) return rejected('contradictoryStatus');
  const leadMs = endedAt.getTime() - receivedAt.getTime();
  return leadMs > MAX_CLOCK_LEAD_MS ? rejected('inTheFuture', leadMs - MAX_CLOCK_LEAD_MS) : null;
}

const follows = (later: Date, earlier: Date): boolean => later.getTime() >= earlier.getTime() - STAMP_TOLERANCE_MS;

/** Not a call of this escrow. */
function mismatch(cdr: Cdr, escrow: Escrow): Rejection | null {
  if (escrow.provider !== cdr.provider || escrow.user !== cdr.user) return rejected('foreignEscrow');
  const connectedAt = (cdr.answeredAt ?? cdr.startedAt).getTime();
  const earlyMs = escrow.openedAt.getTime() - CLOCK_TOLERANCE_MS - connectedAt;
  const missMs = Math.max(earlyMs, connectedAt - escrow.endsAt.getTime());
  return missMs > 0 ? rejected('outsideEscrowTime', missMs) : null;
}

/**
 * Time counts until the escrow ends, not longer: a user who closes it in the middle of a call owes what they have
 * talked until then, and no more.
 */
function answeredMs({ answeredAt, endedAt }: Cdr, { endsAt }: Escrow): number | null {
  return answeredAt && Math.max(0, Math.min(endedAt.getTime(), endsAt.getTime()) - answeredAt.getTime());
}

const explain = (terms: Terms, tariffHash: string | null, entry: string | null): Explanation => ({
  ratePerSecond: terms.ratePerSecond.toString(),
  feePerCall: terms.feePerCall.toString(),
  increments: { initial: terms.initialIncrement, further: terms.increment },
  tariffHash,
  entry,
});
