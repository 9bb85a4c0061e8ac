import { deckPriceOf } from '../../database/prices.ts';
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
  /** Where a price was asked for: the deck in force, and its entry where it has one. */
  priced?: PricedBy;
};

/** Money as text. */
type PricedBy = {
  tariffHash: string;
  deckId: string;
  prefix: string | null;
  ratePerSecond: string | null;
  feePerCall: string | null;
  initialIncrement: number | null;
  increment: number | null;
};

/**
 * With what a provider is judged by: claims that the chain answered, and the CDRs in them; nothing that a provider only
 * says. Each is looked up by its key, once the page is found.
 */
const providerJson = (more = '') => `json_build_object('provider', provider, 'location', location,
  'operator', operator, 'deployedAt', deployed_at, 'undeployedAt', undeployed_at, 'sortKey', sort_key,
  'tariff', case when tariff_hash is not null then json_build_object('uri', tariff_uri, 'hash', tariff_hash,
    'matches', exists (select from rate_decks where rate_decks.provider = page.provider
      and rate_decks.hash = page.tariff_hash)) end,
  'settled', (select json_build_object('calls', calls, 'seconds', seconds, 'claims', claims,
      'rejectedClaims', rejected_claims)
    from provider_settlements as own where own.provider = page.provider),
  'counted', (select json_build_object('answered', answered, 'unanswered', unanswered)
    from provider_calls as own where own.provider = page.provider)${more})`;

export const askProvider = askByKey<Address, StoredProvider | null>(
  'read_provider',
  'text',
  `select ${providerJson()} from (select *, '' as sort_key from providers where provider = given.key) as page`,
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
  const byPrice = (call: PricedCall) => `lpad(${priceOf(given(seconds(call)))}::text, 40, '0') collate "C"`;
  const by = sort.replace('-', '') as keyof typeof sortKeys | 'price';
  const key = by !== 'price' ? sortKeys[by] : priced ? byPrice(priced) : sortKeys.address;
  const isDescending = sort.startsWith('-');
  const order = isDescending ? 'desc' : 'asc';
  const conditions = ['true'];
  const decks = priced === null ? '' : decksOf(priced, given);
  const isFree = priced !== null && lookUpOf(priced.destination).orElse === 'free';
  if (priced) conditions.push(isFree ? 'deck.deck_id is not null' : 'entry.prefix is not null');
  if (state !== 'any') conditions.push(`undeployed_at is ${state === 'deployed' ? '' : 'not'} null`);
  if (q !== undefined) {
    const text = given(q);
    conditions.push(`(position(lower(${text}::text) in lower(location)) > 0 or starts_with(provider, ${text}::text))`);
  }
  if (after) {
    const [lastKey, last] = [given(after[0]), given(after[1])];
    conditions.push(`(${key}, provider collate "C") ${isDescending ? '<' : '>'} (${lastKey}, ${last})`);
  }
  const asked = [priced && (isFree ? 'free' : 'priced'), q === undefined ? null : 'q', after && 'after'];
  return {
    ask: askState<unknown[], StoredProvider[]>(
      ['read_providers', sort.replace('-', 'down_'), state, ...asked.filter((each) => each)].join('_'),
      `select coalesce(json_agg(${providerJson(priced ? `, 'priced', priced` : '')}
        order by sort_key ${order}, provider collate "C" ${order}), '[]') from (
        select providers.*, ${key} as sort_key ${priced ? `, ${pricedJson} as priced` : ''}
        from providers ${decks} where ${conditions.join(' and ')}
        order by ${key} ${order}, provider collate "C" ${order} limit $1::integer) as page`,
    ),
    values,
  };
}

const seconds = ({ ms }: PricedCall): number => Math.ceil(ms / 1000);

/** The deck in force, and the entry that prices the destination; that of a free call has none. */
function decksOf({ destination, at }: PricedCall, given: (value: unknown) => string): string {
  const { prefixes } = lookUpOf(destination);
  return `cross join lateral deck_in_force(providers.provider, ${given(at)}::timestamptz) as deck
    left join lateral deck_entry(deck.deck_id, ${given(prefixes)}::text[]) as entry on true`;
}

/** What protocol/call/price.ts comes to. */
const priceOf = (seconds: string) => `coalesce(entry.fee_per_call + entry.rate_per_second::numeric * (
  entry.initial_increment + greatest(0, ceil((${seconds}::numeric - entry.initial_increment) / entry.increment))
    * entry.increment), 0)`;

const pricedJson = `json_build_object('tariffHash', deck.hash, 'deckId', deck.deck_id::text, 'prefix', entry.prefix,
  'ratePerSecond', entry.rate_per_second::text, 'feePerCall', entry.fee_per_call::text,
  'initialIncrement', entry.initial_increment, 'increment', entry.increment)`;

export function presentPriced(stored: StoredProvider, { destination, ms }: PricedCall): Provider {
  const price = stored.priced && deckPriceOf(columnsOf(stored.priced), destination);
  const hasPrice = price?.kind === 'entry' || price?.kind === 'free';
  return presentProvider(stored, hasPrice ? priceShape(price, ms) : null);
}

const columnsOf = ({ deckId, ratePerSecond, feePerCall, ...rest }: PricedBy) => ({
  ...rest,
  deckId: BigInt(deckId),
  ratePerSecond: ratePerSecond === null ? null : BigInt(ratePerSecond),
  feePerCall: feePerCall === null ? null : BigInt(feePerCall),
});

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
