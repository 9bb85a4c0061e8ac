import { type DeckPrice, freeTerms } from '../../protocol/call/call-price.ts';
import { destinationOf } from '../../protocol/call/destination.ts';
import { affordableSeconds } from '../../protocol/call/permission.ts';
import { priceOf } from '../../protocol/call/price.ts';
import { callsUnderWay, findCall, noteEnding, writeCharge } from './calls.ts';
import type { Charge } from './charge.ts';
import type { Deps } from './deps.ts';
import { noteAnswer } from './record.ts';
import { inTransaction } from './store.ts';

type AnswerDeps = Pick<Deps, 'store' | 'decks' | 'metrics'>;

/** A call is answered: from now on it costs. False: no such call is under way. */
export function takeAnswer(deps: AnswerDeps, callId: string, answer: Parameters<typeof noteAnswer>[2]): boolean {
  const isKnown = noteAnswer(deps, callId, answer);
  if (isKnown) priceAtAnswer(deps, callId, answer.at);
  return isKnown;
}

/**
 * A call costs what the deck says that is in force when it is answered, and the settler rates it by that: another deck
 * may have been set while it rang. What is held for it lasts shorter or costs less then; the watch makes it longer, or
 * ends the call. One that has no price any more is marked for the watch to end.
 */
export function priceAtAnswer({ store, decks, metrics }: AnswerDeps, callId: string, answeredAt: Date): void {
  inTransaction(store, () => {
    const call = findCall(store, callId);
    if (!call?.charge || call.state === 'over') return;
    const price = decks.price(destinationOf(call), answeredAt);
    if (price.kind === 'noDeck' || price.tariffHash === call.charge.tariffHash) return;
    if (price.kind === 'entry' || price.kind === 'free')
      return writeCharge(store, callId, chargeBy(price, call.charge));
    if (call.endReason === null) metrics.count('calls_ended_by_us', price.kind);
    noteEnding(store, callId, price.kind);
  });
}

export function priceAnswered(deps: AnswerDeps): void {
  for (const { callId, answeredAt } of callsUnderWay(deps.store))
    if (answeredAt) priceAtAnswer(deps, callId, answeredAt);
}

/** Nothing more is promised. */
function chargeBy(price: DeckPrice & { kind: 'entry' | 'free' }, charge: Charge): Charge {
  const { terms, entry } = price.kind === 'entry' ? price : { terms: freeTerms, entry: null };
  const { hold } = charge;
  const seconds = Math.min(hold.seconds, affordableSeconds(hold.amount, terms) ?? 0);
  const { price: cost } = priceOf(seconds * 1000, terms);
  const amount = cost < hold.amount ? cost : hold.amount;
  return { ...charge, terms, entry, tariffHash: price.tariffHash, hold: { ...hold, seconds, amount } };
}
