import { expect, test } from 'vitest';
import type { Address } from '../../../protocol/types/address.ts';
import { datoshi } from '../../../protocol/types/datoshi.ts';
import type { Dialled } from './dialled.ts';
import { type Offer, order } from './rules.ts';

const [a, b, c] = ['Na', 'Nb', 'Nc'] as [Address, Address, Address];
const perSecond = (rate: bigint, increment = 1) => {
  return { ratePerSecond: datoshi(rate), feePerCall: datoshi(0n), initialIncrement: increment, increment };
};
const offer = (provider: Address, terms: Offer['terms'], isReady = true): Offer => ({ provider, terms, isReady });
const german: Dialled = { kind: 'number', number: '+49301234' };
const taken = (offers: Offer[], rules = [] as { prefix: string; provider: Address }[], dialled: Dialled = german) =>
  order(dialled, offers, rules).map(({ provider }) => provider);

test('the cheapest for three minutes comes first, increments counted', () => {
  expect(taken([offer(a, perSecond(100n)), offer(b, perSecond(90n)), offer(c, perSecond(80n, 300))])).toEqual([
    b,
    a,
    c,
  ]);
  expect(taken([offer(a, perSecond(1n)), offer(b, null)])).toEqual([b, a]);
});

test('a rule comes before the price; the longest prefix that fits counts', () => {
  const offers = [offer(a, perSecond(100n)), offer(b, perSecond(90n)), offer(c, perSecond(80n))];
  const rules = [
    { prefix: '', provider: c },
    { prefix: '+49', provider: b },
    { prefix: '+4930', provider: a },
    { prefix: '+31', provider: c },
  ];
  expect(taken(offers, rules)).toEqual([a, c, b]);
  expect(taken(offers, rules, { kind: 'neo', address: a })[0]).toBe(c);
  expect(taken(offers, rules, { kind: 'number', number: '+491' })[0]).toBe(b);
});

test('a provider where we are not registered is not asked, whatever a rule says', () => {
  expect(taken([offer(a, null, false), offer(b, perSecond(90n))], [{ prefix: '', provider: a }])).toEqual([b]);
});
