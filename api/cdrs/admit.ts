import type { Address } from '../../protocol/types/address.ts';
import { Refusal } from '../http/problem.ts';

/**
 * Rated CDRs of one escrow that wait for payment: an escrow that pays is claimed from every quarter of an hour by
 * default, and nobody makes so many calls in between.
 */
export const MAX_WAITING_PER_ESCROW = 20_000;
/** CDRs of one provider that wait for a rate deck: the settler looks at each of them every minute. */
export const MAX_WITHOUT_DECK = 20_000;
/**
 * CDRs of one provider that can never be paid, in a day (UTC): more are no mistake any more, and each is kept for ever.
 */
export const MAX_REJECTED_PER_DAY = 100_000;

/** What a provider's escrows and mistakes leave room for. */
export type Room = { isProvider: boolean; rejected: bigint | null; withoutDeck: bigint; full: bigint[] };

/** @throws Refusal notAProvider, tooManyRejected, tooManyWaiting */
export function refuseFull(provider: Address, { isProvider, rejected, withoutDeck, full }: Room): void {
  if (!isProvider)
    throw new Refusal('notAProvider', `${provider} was never deployed as a provider, or the index has not seen it yet`);
  if (rejected !== null && rejected >= MAX_REJECTED_PER_DAY)
    throw new Refusal(
      'tooManyRejected',
      `${rejected} of your CDRs were rejected today; see their reasons at GET /v1/cdrs, and hand in again tomorrow (UTC)`,
      { headers: { 'Retry-After': String(secondsOfDayLeft()) } },
    );
  if (withoutDeck > MAX_WITHOUT_DECK)
    throw new Refusal(
      'tooManyWaiting',
      `more than ${MAX_WITHOUT_DECK} of your CDRs wait for a rate deck that stands on chain: hand it in first`,
      { headers: { 'Retry-After': String(WAITING_RETRY_S) } },
    );
  const [escrow] = full;
  if (escrow !== undefined)
    throw new Refusal(
      'tooManyWaiting',
      `more than ${MAX_WAITING_PER_ESCROW} CDRs of escrow ${escrow} wait for payment; leave its CDRs out until some are paid`,
      { headers: { 'Retry-After': String(WAITING_RETRY_S) } },
    );
}

/** A claim is made at most every few blocks. */
const WAITING_RETRY_S = 60;
const DAY_S = 86_400;

const secondsOfDayLeft = (): number => DAY_S - (Math.floor(Date.now() / 1000) % DAY_S);

/** Whether the rest of an item is of the right form is judged elsewhere. */
export function escrowIdsOf(items: readonly unknown[]): number[] {
  const ids = items.map((item) => ((item ?? {}) as { escrowId?: unknown }).escrowId);
  return [...new Set(ids.filter((id): id is number => Number.isSafeInteger(id)))];
}
