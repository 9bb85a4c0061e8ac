import { type Selectable, sql } from 'kysely';
import type { Database } from '../../database/connection.ts';
import type { Providers } from '../../database/types.ts';
import type { Provider, ProviderQuery, Stats } from '../../protocol/api/providers.ts';
import type { Address } from '../../protocol/types/address.ts';

export type ProviderSearch = Omit<ProviderQuery, 'cursor'> & {
  /** Sort key and address of the last one of the page before. */
  after: readonly [string, string] | undefined;
};
export type FoundProvider = Provider & { sortKey: string };

/** Text in byte order, so that a cursor means the same in any database's collation; times at a fixed width likewise. */
const sortKeys = {
  address: sql<string>`provider collate "C"`,
  location: sql<string>`lower(location) collate "C"`,
  deployedAt: sql<string>`to_char(deployed_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS.US') collate "C"`,
};

/** One more than `limit`, so that the reader knows whether there are more. */
export async function searchProviders(db: Database, search: ProviderSearch): Promise<FoundProvider[]> {
  const descending = search.sort.startsWith('-');
  const key = sortKeys[search.sort.replace('-', '') as keyof typeof sortKeys];
  let query = db.selectFrom('providers').selectAll().select(key.as('sortKey'));
  if (search.state !== 'any') query = query.where('undeployedAt', search.state === 'deployed' ? 'is' : 'is not', null);
  if (search.q !== undefined)
    query = query.where(
      sql<boolean>`(position(lower(${search.q}) in lower(location)) > 0 or starts_with(provider, ${search.q}))`,
    );
  if (search.after) {
    const [lastKey, last] = search.after;
    const beyond = sql.raw(descending ? '<' : '>');
    query = query.where(sql<boolean>`(${key}, provider collate "C") ${beyond} (${lastKey}, ${last})`);
  }
  const direction = descending ? 'desc' : 'asc';
  const rows = await query
    .orderBy(key, direction)
    .orderBy(sortKeys.address, direction)
    .limit(search.limit + 1)
    .execute();
  const stats = await readStats(
    db,
    rows.map((row) => row.provider),
  );
  return rows.map(({ sortKey, ...row }) => ({ ...toProvider(row, stats.get(row.provider)), sortKey }));
}

export async function readProvider(db: Database, address: Address): Promise<Provider | null> {
  const row = await db.selectFrom('providers').selectAll().where('provider', '=', address).executeTakeFirst();
  return row ? toProvider(row, (await readStats(db, [address])).get(address)) : null;
}

function toProvider(row: Selectable<Providers>, stats: Stats | undefined): Provider {
  const { provider, location, tariffUri, tariffHash, operator, deployedAt, undeployedAt } = row;
  return {
    address: provider,
    location,
    tariff: tariffHash === null ? null : { uri: tariffUri, hash: tariffHash, matches: null },
    operator: undeployedAt === null ? operator : null,
    deployedAt: deployedAt.toISOString(),
    undeployedAt: undeployedAt?.toISOString() ?? null,
    stats: stats ?? { settledCalls: null, answeredRatio: null, meanSeconds: null, rejectedClaims: null },
  };
}

/** The ratio shows how a provider does of late, and reads a bounded number of rows. */
const RECENT_CDRS = 10_000;

/** Facts from claims that the chain answered, and from the CDRs in them; nothing that a provider only says. */
async function readStats(db: Database, providers: readonly Address[]): Promise<Map<string, Stats>> {
  if (providers.length === 0) return new Map();
  const { rows } = await sql<StatsRow & { provider: string }>`
    select wanted.provider, claims.*, recent.ratio
    from unnest(${providers}::text[]) as wanted (provider)
    cross join lateral (
      select sum(calls)::bigint as calls, sum(seconds)::bigint as seconds, count(*) as claims,
        count(*) filter (where not accepted) as rejected
      from settlements where settlements.provider = wanted.provider
    ) as claims
    cross join lateral (
      select avg((disposition = 'answered')::integer)::float8 as ratio
      from (
        select disposition from cdrs join ratings on ratings.cdr_id = cdrs.id
        where cdrs.provider = wanted.provider and (state = 'settled' or (state = 'rated' and price = 0))
        order by cdrs.id desc limit ${RECENT_CDRS}
      ) as counted
    ) as recent`.execute(db);
  return new Map(rows.map((row) => [row.provider, toStats(row)]));
}

type StatsRow = {
  calls: bigint | null;
  seconds: bigint | null;
  claims: bigint;
  rejected: bigint;
  ratio: number | null;
};

function toStats({ calls, seconds, claims, rejected, ratio }: StatsRow): Stats {
  return {
    settledCalls: calls === null ? null : Number(calls),
    answeredRatio: ratio,
    meanSeconds: calls && seconds !== null ? Number(seconds) / Number(calls) : null,
    rejectedClaims: claims === 0n ? null : Number(rejected),
  };
}

/** Also one that was undeployed: its open escrows can still be claimed. */
export async function isProvider(db: Database, provider: Address): Promise<boolean> {
  return (
    (await db.selectFrom('providers').select('provider').where('provider', '=', provider).executeTakeFirst()) !==
    undefined
  );
}
