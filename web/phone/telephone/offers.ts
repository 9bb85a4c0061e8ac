import { computed, effect, signal } from '@preact/signals';
import { destinationOf } from '../../../protocol/call/destination.ts';
import type { Address } from '../../../protocol/types/address.ts';
import { readDialled } from '../call/dialled.ts';
import { type Offer, order } from '../call/rules.ts';
import { contacts } from '../contacts/contacts.ts';
import { purse } from './faces.ts';
import type { Price } from './needs.ts';
import { phone } from './phone.ts';
import { rules } from './rule-choice.ts';

/** What stands in the field of the dial pad, and what a call to it would cost with each provider. */
export const dialled = signal('');
/** Null: as the rules say. */
export const chosen = signal<Address | null>(null);

/** A contact by name, or what was typed. */
export const target = computed(() => {
  const text = dialled.value.trim();
  const known = contacts.value.find(({ name }) => name.toLowerCase() === text.toLowerCase());
  return readDialled(known?.reach[0] ?? text);
});

const prices = signal<ReadonlyMap<Address, Price>>(new Map());

/** Somebody who still types is not asked for. */
const QUIET_MS = 300;

export function followPrices(): void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let asked = 0;
  effect(() => {
    const [wanted, face, lines] = [target.value, purse.value, phone.value?.lines.value ?? []];
    clearTimeout(timer);
    asked += 1;
    const own = asked;
    prices.value = new Map();
    if (face === null || (wanted.kind !== 'number' && wanted.kind !== 'neo')) return;
    const to = wanted.kind === 'number' ? wanted.number : wanted.address;
    timer = setTimeout(async () => {
      const found = await Promise.all(
        lines.map(async ({ provider }) => {
          const destination = destinationOf({ direction: 'outbound', to });
          const price = await face.priceOf(provider, destination).catch(() => null);
          return price ? ([[provider, price]] as [Address, Price][]) : [];
        }),
      );
      if (own === asked) prices.value = new Map(found.flat());
    }, QUIET_MS);
  });
}

const offerOf = ([provider, price]: [Address, Price], isReady: boolean): Offer[] => {
  if (price.kind === 'unknown') return [];
  return [{ provider, isReady, terms: price.kind === 'priced' ? price.terms : null }];
};

/** In the order in which they would be taken. */
export const offers = computed(() => {
  const lines = phone.value?.lines.value ?? [];
  const known = [...prices.value].flatMap((each) => {
    const line = lines.find(({ provider }) => provider === each[0]);
    // read, so that it is asked again when the line changes
    return offerOf(each, line?.state.value !== undefined && line.isReady());
  });
  return order(target.value, known, rules.value);
});

/** Asked, and nobody has a price. */
export const isPriceless = computed(
  () => prices.value.size > 0 && [...prices.value.values()].every(({ kind }) => kind === 'unknown'),
);

export const offer = computed(
  () => offers.value.find(({ provider }) => provider === chosen.value) ?? offers.value[0] ?? null,
);
