import type { Database } from '../../database/connection.ts';
import { findPrices } from '../../database/prices.ts';
import type { Provider, ProviderQuery, Stats } from '../../protocol/api/providers.ts';
import type { Price } from '../../protocol/api/tariffs.ts';
import { lookUpOf } from '../../protocol/call/deck-index.ts';
import type { Destination } from '../../protocol/call/destination.ts';
import type { Address } from '../../protocol/types/address.ts';
import { askByKey, askState, instant } from '../http/state.ts';
import { priceShape } from './read-tariff.ts';

export type ProviderSearch = Pick<ProviderQuery, 'q' | 'state' | 'limit'> & {
  sort: NonNullable<ProviderQuery['sort']>;
  /** Only those who have a price for it, for a call of so many milliseconds now. */
  priced: PricedCall | null;
  /** Sort key and address of the last one of the page before. */
  after: readonly [string, string] | undefined;
};
export type PricedCall = { destination: Destination; ms: number; at: Date };

type StoredProvider = {
  provider: Address;
  location: string;
  tariff: { uri: string | null; hash: string; matches: boolean } | null;
  operator: Address | null;
  deployedAt: string;
  undeployedAt: string | null;
  settled: { calls: number; seconds: number; claims: number; rejectedClaims: number } | null;
  counted: { answered: number; unanswered: number } | null;
  sortKey: string;
};

/**
 * With what a provider is judged by: claims that the chain answered, and the CDRs in them; nothing that a provider only
 * says. Each is looked up by its key, once the page is found.
 */
const providerJson = `json_build_object('provider', provider, 'location', location,
  'operator', operator, 'deployedAt', deployed_at, 'undeployedAt', undeployed_at, 'sortKey', sort_key,
  'tariff', case when tariff_hash is not null then json_build_object('uri', tariff_uri, 'hash', tariff_hash,
    'matches', exists (select from rate_decks where rate_decks.provider = page.provider
      and rate_decks.hash = page.tariff_hash)) end,
  'settled', (select json_build_object('calls', calls, 'seconds', seconds, 'claims', claims,
      'rejectedClaims', rejected_claims)
    from provider_settlements as own where own.provider = page.provider),
  'counted', (select json_build_object('answered', answered, 'unanswered', unanswered)
    from provider_calls as own where own.provider = page.provider))`;

export const askProvider = askByKey<Address, StoredProvider | null>(
  'read_provider',
  'text',
  `select ${providerJson} from (select *, '' as sort_key from providers where provider = given.key) as page`,
);

/** Text in byte order, so that a cursor means the same in any database's collation; what has no order as text, padded. */
const sortKeys = {
  address: 'provider collate "C"',
  location: 'lower(location) collate "C"',
  deployedAt: `to_char(deployed_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS.US') collate "C"`,
};

/** One more than `limit`, so that the reader knows whether there are more. */
export function askProviders({ priced, sort, state, q, after, limit }: ProviderSearch) {
  const values: unknown[] = [limit + 1];
  const given = (value: unknown) => `$${values.push(value)}`;
  const price = priced && priceOfProvider(priced, given);
  const keys = { ...sortKeys, price: `lpad(${price}::text, 40, '0') collate "C"` };
  const key = keys[sort.replace('-', '') as keyof typeof keys];
  const isDescending = sort.startsWith('-');
  const order = isDescending ? 'desc' : 'asc';
  const conditions = ['true'];
  if (price) conditions.push(`${price} is not null`);
  if (state !== 'any') conditions.push(`undeployed_at is ${state === 'deployed' ? '' : 'not'} null`);
  if (q !== undefined) {
    const text = given(q);
    conditions.push(`(position(lower(${text}::text) in lower(location)) > 0 or starts_with(provider, ${text}::text))`);
  }
  if (after) {
    const [lastKey, last] = [given(after[0]), given(after[1])];
    conditions.push(`(${key}, provider collate "C") ${isDescending ? '<' : '>'} (${lastKey}, ${last})`);
  }
  const free = priced && lookUpOf(priced.destination).orElse === 'free' ? 'free' : 'priced';
  const asked = [priced && free, q === undefined ? null : 'q', after && 'after'].filter((each) => each);
  return {
    ask: askState<unknown[], StoredProvider[]>(
      ['read_providers', sort.replace('-', 'down_'), state, ...asked].join('_'),
      `select coalesce(json_agg(${providerJson} order by sort_key ${order}, provider collate "C" ${order}), '[]') from (
        select *, ${key} as sort_key from providers where ${conditions.join(' and ')}
        order by ${key} ${order}, provider collate "C" ${order} limit $1::integer) as page`,
    ),
    values,
  };
}

/** What protocol/call/price.ts comes to by the deck in force; null where there is none, or it has no entry. */
function priceOfProvider({ destination, ms, at }: PricedCall, given: (value: unknown) => string): string {
  const { prefixes, orElse } = lookUpOf(destination);
  const [seconds, moment, fitting] = [given(Math.ceil(ms / 1000)), given(at), given(prefixes)];
  return `(
    select coalesce(fee_per_call + rate_per_second::numeric * (initial_increment
      + greatest(0, ceil((${seconds}::numeric - initial_increment) / increment)) * increment), 0)
    from deck_in_force(providers.provider, ${moment}::timestamptz) as deck
    left join lateral deck_entry(deck.deck_id, ${fitting}::text[]) as entry on true
    where deck.deck_id is not null and ${orElse === 'free' ? 'true' : 'entry.prefix is not null'})`;
}

/** By the decks in force, in the order of the providers. */
export async function readPrices(
  db: Database,
  found: readonly { provider: Address }[],
  { destination, ms, at }: PricedCall,
): Promise<(Price | null)[]> {
  const prices = await findPrices(
    db,
    found.map(({ provider }) => ({ provider, destination, at })),
  );
  return prices.map((each) => (each.kind === 'entry' || each.kind === 'free' ? priceShape(each, ms) : null));
}

export function presentProvider(stored: StoredProvider, price: Price | null = null): Provider {
  const { provider, location, tariff, operator, deployedAt, undeployedAt } = stored;
  return {
    address: provider,
    location,
    tariff,
    operator: undeployedAt === null ? operator : null,
    deployedAt: instant(deployedAt),
    undeployedAt: undeployedAt === null ? null : instant(undeployedAt),
    stats: statsOf(stored),
    price,
  };
}

/** Without a call or a claim there is no figure: null, never 0. */
function statsOf({ settled, counted }: StoredProvider): Stats {
  const calls = (counted?.answered ?? 0) + (counted?.unanswered ?? 0);
  return {
    settledCalls: settled?.calls || null,
    answeredRatio: counted && calls > 0 ? counted.answered / calls : null,
    meanSeconds: settled?.calls ? settled.seconds / settled.calls : null,
    rejectedClaims: settled?.claims ? settled.rejectedClaims : null,
  };
}
