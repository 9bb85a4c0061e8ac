import { sql } from 'kysely';
import type { Database } from '../../database/connection.ts';
import { findPrices } from '../../database/prices.ts';
import type { Provider, ProviderQuery, Stats } from '../../protocol/api/providers.ts';
import { lookUpOf } from '../../protocol/call/deck-index.ts';
import type { Destination } from '../../protocol/call/destination.ts';
import type { Address } from '../../protocol/types/address.ts';
import { priceShape } from './read-tariff.ts';

export type ProviderSearch = Pick<ProviderQuery, 'q' | 'state' | 'limit'> & {
  sort: NonNullable<ProviderQuery['sort']>;
  /** Only those who have a price for it, for a call of so many milliseconds now. */
  priced: PricedCall | null;
  /** Sort key and address of the last one of the page before. */
  after: readonly [string, string] | undefined;
};
export type PricedCall = { destination: Destination; ms: number; at: Date };
export type FoundProvider = Provider & { sortKey: string };

/** Text in byte order, so that a cursor means the same in any database's collation; what has no order as text, padded. */
const sortKeys = {
  address: sql<string>`providers.provider collate "C"`,
  location: sql<string>`lower(location) collate "C"`,
  deployedAt: sql<string>`to_char(deployed_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS.US') collate "C"`,
};

/** One more than `limit`, so that the reader knows whether there are more. */
export async function searchProviders(db: Database, search: ProviderSearch): Promise<FoundProvider[]> {
  const { priced, sort, state, q, after, limit } = search;
  const isDescending = sort.startsWith('-');
  const price = priced && priceOfProvider(priced);
  const keys = { ...sortKeys, price: sql<string>`lpad(${price ?? null}::text, 40, '0') collate "C"` };
  const key = keys[sort.replace('-', '') as keyof typeof keys];
  let query = selectProviders(db).select(key.as('sortKey'));
  if (price) query = query.where(price, 'is not', null);
  if (state !== 'any') query = query.where('undeployedAt', state === 'deployed' ? 'is' : 'is not', null);
  if (q !== undefined)
    query = query.where(
      sql<boolean>`(position(lower(${q}) in lower(location)) > 0 or starts_with(providers.provider, ${q}))`,
    );
  if (after) {
    const [lastKey, last] = after;
    const beyond = sql.raw(isDescending ? '<' : '>');
    query = query.where(sql<boolean>`(${key}, providers.provider collate "C") ${beyond} (${lastKey}, ${last})`);
  }
  const direction = isDescending ? 'desc' : 'asc';
  const rows = await query
    .orderBy(key, direction)
    .orderBy(sortKeys.address, direction)
    .limit(limit + 1)
    .execute();
  const prices = priced && (await readPrices(db, rows, priced));
  return rows.map(({ sortKey, ...row }, i) => ({ ...toProvider(row), price: prices?.[i] ?? null, sortKey }));
}

/** What protocol/call/price.ts comes to by the deck in force; null where there is none, or it has no entry. */
function priceOfProvider({ destination, ms, at }: PricedCall) {
  const { prefixes, orElse } = lookUpOf(destination);
  const seconds = Math.ceil(ms / 1000);
  return sql<string | null>`(
    select coalesce(fee_per_call + rate_per_second::numeric * (initial_increment
      + greatest(0, ceil((${seconds}::numeric - initial_increment) / increment)) * increment), 0)
    from deck_in_force(providers.provider, ${at}::timestamptz) as deck
    left join lateral deck_entry(deck.deck_id, ${prefixes}::text[]) as entry on true
    where deck.deck_id is not null and ${orElse === 'free' ? sql`true` : sql`entry.prefix is not null`})`;
}

async function readPrices(db: Database, rows: readonly { provider: Address }[], { destination, ms, at }: PricedCall) {
  const found = await findPrices(
    db,
    rows.map(({ provider }) => ({ provider, destination, at })),
  );
  return found.map((each) => (each.kind === 'entry' || each.kind === 'free' ? priceShape(each, ms) : null));
}

export async function readProvider(db: Database, address: Address): Promise<Provider | null> {
  const row = await selectProviders(db).where('providers.provider', '=', address).executeTakeFirst();
  return row ? toProvider(row) : null;
}

function toProvider(row: Row): Provider {
  const { provider, location, tariffUri, tariffHash, operator, deployedAt, undeployedAt } = row;
  return {
    address: provider,
    location,
    tariff: tariffHash === null ? null : { uri: tariffUri, hash: tariffHash, matches: row.deckId !== null },
    operator: undeployedAt === null ? operator : null,
    deployedAt: deployedAt.toISOString(),
    undeployedAt: undeployedAt?.toISOString() ?? null,
    stats: statsOf(row),
    price: null,
  };
}

/**
 * Providers with what they are judged by: claims that the chain answered, and the CDRs in them; nothing that a provider
 * only says.
 */
const selectProviders = (db: Database) =>
  db
    .selectFrom('providers')
    .leftJoin('providerSettlements as settled', 'settled.provider', 'providers.provider')
    .leftJoin('providerCalls as counted', 'counted.provider', 'providers.provider')
    .leftJoin('rateDecks', (join) =>
      join.onRef('rateDecks.provider', '=', 'providers.provider').onRef('rateDecks.hash', '=', 'providers.tariffHash'),
    )
    .selectAll('providers')
    .select('rateDecks.id as deckId')
    .select(['settled.calls', 'settled.seconds', 'settled.claims', 'settled.rejectedClaims'])
    .select(['counted.answered', 'counted.unanswered']);

type Row = Awaited<ReturnType<ReturnType<typeof selectProviders>['execute']>>[number];

/** Without a call or a claim there is no figure: null, never 0. */
function statsOf({ calls, seconds, claims, rejectedClaims, answered, unanswered }: Row): Stats {
  const counted = Number(answered ?? 0n) + Number(unanswered ?? 0n);
  return {
    settledCalls: calls ? Number(calls) : null,
    answeredRatio: counted > 0 ? Number(answered) / counted : null,
    meanSeconds: calls ? Number(seconds) / Number(calls) : null,
    rejectedClaims: claims ? Number(rejectedClaims) : null,
  };
}
