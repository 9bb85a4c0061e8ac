import type { Client } from '../../protocol/api/client.ts';
import { listProviders } from '../../protocol/api/providers.ts';
import type { Cast } from './cast.ts';
import { patiently } from './patience.ts';
import { type Place, places, termsFor } from './plan.ts';

/** What a minute to a place costs, as the API says: the cheapest first. */
export type Offer = {
  place: Place;
  number: string;
  prices: { provider: number; entry: string | null; price: string }[];
};

/** As a user's softphone asks before it chooses; of all providers that ever were on this devnet, only the cast's. */
export async function readPrices(api: Client, { providers }: Cast): Promise<Offer[]> {
  const known = new Map(providers.map(({ address }, i) => [address as string, i]));
  const asked = Object.entries(places).map(async ([place, number]): Promise<Offer> => {
    const found = await Promise.all(
      providers.map(({ address }) =>
        patiently(() => api.call(listProviders, { query: { dest: number, minutes: '1', q: address } })),
      ),
    );
    const prices = found
      .flatMap(({ answer }) => answer.items)
      .flatMap(({ address, price }) => {
        const provider = known.get(address);
        return provider === undefined || price === null ? [] : [{ provider, entry: price.entry, price: price.price }];
      })
      .toSorted((a, b) => Number(BigInt(a.price) - BigInt(b.price)));
    return { place: place as Place, number, prices };
  });
  return Promise.all(asked);
}

export function priceDifferences(offers: readonly Offer[], { providers }: Cast): string[] {
  return offers.flatMap(({ place, prices }) => {
    const told = (provider: number) => prices.find((price) => price.provider === provider)?.entry ?? 'none';
    return providers.flatMap((_, provider) => {
      const expected = termsFor(provider, place)?.entry ?? 'none';
      return told(provider) === expected
        ? []
        : [`price to ${place} with provider ${provider + 1}: entry ${told(provider)} instead of ${expected}`];
    });
  });
}
