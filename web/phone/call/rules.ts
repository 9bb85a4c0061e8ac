import type { Terms } from '../../../protocol/call/price.ts';
import { priceOf } from '../../../protocol/call/price.ts';
import type { Address } from '../../../protocol/types/address.ts';
import type { Dialled } from './dialled.ts';

/** By which provider a call goes: by a rule of the person, else by the cheapest. */

/** `+49` by one, and everything else, whose prefix is empty, by another; the longest prefix that fits counts. */
export type Rule = { prefix: string; provider: Address };

export type Offer = {
  provider: Address;
  /** It is registered with it now. */
  isReady: boolean;
  /** Null: it costs nothing. */
  terms: Terms | null;
};

/** Prices are compared by a call of this length: what matters of increments and fees shows in it. */
const COMPARED_MS = 180_000;

const priceOfOffer = ({ terms }: Offer): bigint => (terms === null ? 0n : priceOf(COMPARED_MS, terms).price);

/** The offers in the order in which they would be taken; the first one is. */
export function order(dialled: Dialled, offers: readonly Offer[], rules: readonly Rule[]): Offer[] {
  const wanted = ruleFor(dialled, rules)?.provider;
  const rank = (offer: Offer) => (offer.provider === wanted ? 0 : 1);
  return offers
    .filter(({ isReady }) => isReady)
    .toSorted((a, b) => rank(a) - rank(b) || compare(priceOfOffer(a), priceOfOffer(b)));
}

const compare = (a: bigint, b: bigint) => (a < b ? -1 : a > b ? 1 : 0);

/** An address has no prefix: only the rule for everything fits it. */
function ruleFor(dialled: Dialled, rules: readonly Rule[]): Rule | undefined {
  const number = dialled.kind === 'number' ? dialled.number : '';
  return rules
    .filter(({ prefix }) => number.startsWith(prefix))
    .toSorted((a, b) => b.prefix.length - a.prefix.length)[0];
}
