import { createHash } from 'node:crypto';
import { sql } from 'kysely';
import type { Database } from '../database/connection.ts';
import { type Address, addressOfBytes } from '../protocol/types/address.ts';

/** An index as it may look after a year: so many of each. */
export type Amounts = { users: number; providers: number; settlements: number };
export type Filled = { users: Address[]; providers: Address[] };

const CLAIMS_PER_BLOCK = 5;

/** Each user has a registration, an escrow and three events of it; each provider a deck of nine entries. */
export async function fillIndex(db: Database, amounts: Amounts): Promise<Filled> {
  const [users, providers] = [addresses('user', amounts.users), addresses('provider', amounts.providers)];
  const heights = Math.ceil(amounts.settlements / CLAIMS_PER_BLOCK);
  for (const statement of [
    sql`insert into providers (provider, location, deployed_at)
      select provider, 'sip' || n || '.example.org', now() from unnest(${providers}::text[]) with ordinality as p (provider, n)`,
    sql`insert into provider_settlements select provider, 100, 6000, 10, 1 from unnest(${providers}::text[]) as provider`,
    sql`insert into provider_calls select provider, 90, 10 from unnest(${providers}::text[]) as provider`,
    sql`insert into blocks select height, lpad(height::text, 66, '0'), '', '2026-01-01'::timestamptz + height * interval '3 s'
      from generate_series(2, ${heights + 1}::integer) as height`,
    sql`create temporary table given as
      select "user", n, (${providers}::text[])[1 + n % ${providers.length}] as provider
      from unnest(${users}::text[]) with ordinality as u ("user", n)`,
    sql`insert into registrations
      select "user", provider, gen_random_uuid(), now(), 2 + n % ${heights}::bigint, 1000 + n from given`,
    sql`insert into balances select "user", 1000000000 from given`,
    sql`insert into escrows (id, "user", provider, state, amount, rate_per_second, fee_per_call, increment, max_parallel,
        opened_at, ends_at, claim_deadline)
      select n, "user", provider, 'open', 100000000000, 100, 100, 60, 100, now(), now() + interval '1 day',
        now() + interval '2 days' from given`,
    sql`insert into events (height, position, tx_hash, ordinal, name, payload, escrow_id)
      select 2 + (n * 3 + part) % ${heights}::bigint, 1000 + n * 3 + part, 'x' || n || part, 0, 'EscrowExtended',
        jsonb_build_object('id', n::text, 'amount', '1000000', 'endsAt', '1800000000000'), n
      from given cross join generate_series(1, 3) as part`,
    sql`insert into events (height, position, tx_hash, ordinal, name, payload)
      select 2 + n / ${CLAIMS_PER_BLOCK}::integer, n % ${CLAIMS_PER_BLOCK}::integer, '0x' || lpad((n / ${CLAIMS_PER_BLOCK}::integer)::text, 64, '0'),
        n % ${CLAIMS_PER_BLOCK}::integer, 'EscrowSettled', '{}' from generate_series(0, ${amounts.settlements - 1}::integer) as n`,
    sql`insert into settlements (height, position, tx_hash, time, escrow_id, seq, provider, "user", accepted, amount,
        seconds, calls, cdr_root)
      select height, position, tx_hash, now(), given.n, height, provider, "user", true, 1000, 60, 1, '0x' || repeat('0', 64)
      from events join given on given.n = 1 + (height * 5 + position) % ${users.length}::bigint
      where name = 'EscrowSettled'`,
    sql`insert into events (height, position, tx_hash, ordinal, name, payload)
      select 1, 1 + n, 't' || n, 0, 'TariffSet', jsonb_build_object('provider', provider, 'uri', 'x', 'hash', 'h')
      from unnest(${providers}::text[]) with ordinality as p (provider, n)`,
    sql`insert into rate_decks (provider, hash, effective_from, entries, document)
      select provider, 'h', '2026-01-01', 9, '' from unnest(${providers}::text[]) as provider`,
    sql`insert into rate_deck_entries
      select id, '+' || digit, 1 + (id * digit) % 97, 0, 60, 60 from rate_decks cross join generate_series(1, 9) as digit`,
    sql`update cursor set height = ${heights + 1}::integer, hash = lpad(${String(heights + 1)}::text, 66, '0')`,
    sql`analyze`,
  ])
    await statement.execute(db);
  return { users, providers };
}

const addresses = (what: string, count: number): Address[] =>
  Array.from({ length: count }, (_, n) =>
    addressOfBytes(createHash('sha256').update(`${what} ${n}`).digest().subarray(0, 20)),
  );
