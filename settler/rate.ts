import type { Selectable } from 'kysely';
import type { Cdrs, Escrows } from '../database/types.ts';
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
  { state: 'wait' } | Rejection | { state: 'rated'; billableSeconds: bigint; price: Datoshi; explanation: Explanation };

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
const MAX_CLOCK_LEAD_MS = 60_000;

/**
 * What a call costs by the terms that its user agreed to. Depends on the CDR and the chain alone, up to the block at
 * `indexTime`, so that rating again gives the same answer.
 */
export function rate(cdr: Cdr, escrow: Escrow | undefined, indexTime: Date): Rating {
  const wrong = contradiction(cdr);
  if (wrong) return wrong;
  if (indexTime < cdr.endedAt) return { state: 'wait' };
  if (!escrow) return mayBeOpenedYet(cdr, indexTime) ? { state: 'wait' } : rejected('unknownEscrow');
  const refusal = mismatch(cdr, escrow);
  if (refusal) return refusal;
  const terms: Terms = {
    ratePerSecond: datoshi(escrow.ratePerSecond),
    feePerCall: datoshi(escrow.feePerCall),
    initialIncrement: escrow.increment,
    increment: escrow.increment,
  };
  const { seconds, price } = priceOf(answeredMs(cdr, escrow), terms);
  if (price > maxInteger) return rejected('overMaximum');
  return { state: 'rated', billableSeconds: seconds, price, explanation: explain(terms) };
}

/** A short call may be over, by its proxy's clock, before the block that opens its escrow. */
function mayBeOpenedYet({ endedAt }: Cdr, indexTime: Date): boolean {
  return indexTime.getTime() < endedAt.getTime() + CLOCK_TOLERANCE_MS;
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

function explain({ ratePerSecond, feePerCall, initialIncrement, increment }: Terms): Explanation {
  return {
    ratePerSecond: ratePerSecond.toString(),
    feePerCall: feePerCall.toString(),
    increments: { initial: initialIncrement, further: increment },
    tariffHash: null,
    entry: null,
  };
}
