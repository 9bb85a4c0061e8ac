import { sql } from 'kysely';
import type { Database } from '../../database/connection.ts';
import type { Provider, ProviderQuery, Stats } from '../../protocol/api/providers.ts';
import type { Address } from '../../protocol/types/address.ts';

export type ProviderSearch = Omit<ProviderQuery, 'cursor'> & {
  /** Sort key and address of the last one of the page before. */
  after: readonly [string, string] | undefined;
};
export type FoundProvider = Provider & { sortKey: string };

/** Text in byte order, so that a cursor means the same in any database's collation; times at a fixed width likewise. */
const sortKeys = {
  address: sql<string>`providers.provider collate "C"`,
  location: sql<string>`lower(location) collate "C"`,
  deployedAt: sql<string>`to_char(deployed_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS.US') collate "C"`,
};

/** One more than `limit`, so that the reader knows whether there are more. */
export async function searchProviders(db: Database, search: ProviderSearch): Promise<FoundProvider[]> {
  const descending = search.sort.startsWith('-');
  const key = sortKeys[search.sort.replace('-', '') as keyof typeof sortKeys];
  let query = selectProviders(db).select(key.as('sortKey'));
  if (search.state !== 'any') query = query.where('undeployedAt', search.state === 'deployed' ? 'is' : 'is not', null);
  if (search.q !== undefined)
    query = query.where(
      sql<boolean>`(position(lower(${search.q}) in lower(location)) > 0 or starts_with(providers.provider, ${search.q}))`,
    );
  if (search.after) {
    const [lastKey, last] = search.after;
    const beyond = sql.raw(descending ? '<' : '>');
    query = query.where(sql<boolean>`(${key}, providers.provider collate "C") ${beyond} (${lastKey}, ${last})`);
  }
  const direction = descending ? 'desc' : 'asc';
  const rows = await query
    .orderBy(key, direction)
    .orderBy(sortKeys.address, direction)
    .limit(search.limit + 1)
    .execute();
  return rows.map(({ sortKey, ...row }) => ({ ...toProvider(row), sortKey }));
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
    tariff: tariffHash === null ? null : { uri: tariffUri, hash: tariffHash, matches: null },
    operator: undeployedAt === null ? operator : null,
    deployedAt: deployedAt.toISOString(),
    undeployedAt: undeployedAt?.toISOString() ?? null,
    stats: statsOf(row),
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
    .selectAll('providers')
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
