import { type Kysely, sql } from 'kysely';

/**
 * Rate decks as providers hand them in, and the one rule that says which of them prices a call. An entry is a row: a
 * price is one look-up by index, and no process keeps a deck in its memory.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db);
}

const asOwner = 'language plpgsql security definer set search_path = public, pg_temp';

const statements = [
  `create table rate_decks (
    id bigint generated always as identity primary key,
    provider text not null,
    -- SHA-256 of the document, as setTariff has it
    hash text not null,
    effective_from timestamptz not null,
    entries integer not null check (entries > 0),
    -- canonical JSON (RFC 8785), what the hash is made of
    document text not null,
    received_at timestamptz not null default now(),
    unique (provider, hash)
  )`,
  `create table rate_deck_entries (
    deck_id bigint not null references rate_decks on delete cascade,
    prefix text collate "C" not null,
    rate_per_second bigint not null check (rate_per_second >= 0),
    fee_per_call bigint not null check (fee_per_call >= 0),
    initial_increment integer not null check (initial_increment > 0),
    increment integer not null check (increment > 0),
    primary key (deck_id, prefix)
  )`,
  `create index events_tariff on events ((payload->>'provider'), height desc, position desc)
    where name in ('TariffSet', 'ProviderDeployed')`,
  // Whoever is deployed anew begins without a deck, as the contract has it.
  `create view tariffs as
    select payload->>'provider' as provider, height, position, tx_hash, blocks.time as set_at,
      payload->>'hash' as hash, payload->>'uri' as uri
    from events join blocks using (height)
    where name in ('TariffSet', 'ProviderDeployed')`,
  // The rule of protocol/call/deck-in-force.ts. No row, or one without a hash: the escrow's own terms are the price.
  // A hash without deck_id: nobody has handed in the document.
  `create function deck_in_force(asked text, at timestamptz)
    returns table (hash text, deck_id bigint) language sql stable as $$
    select tariffs.hash, rate_decks.id
    from tariffs left join rate_decks on rate_decks.provider = tariffs.provider and rate_decks.hash = tariffs.hash
    where tariffs.provider = asked and tariffs.set_at <= at
      and (rate_decks.id is null or rate_decks.effective_from <= at)
    order by height desc, position desc
    limit 1
  $$`,
  // The longest of the prefixes that fit a destination (protocol/call/deck-index.ts has them).
  `create function deck_entry(deck bigint, prefixes text[])
    returns setof rate_deck_entries language sql stable as $$
    select * from rate_deck_entries where deck_id = deck and prefix = any(prefixes)
    order by length(prefix) desc
    limit 1
  $$`,
  `create table deck_waits (
    -- CDRs that can't be rated before the document of a deck is handed in; looked at again by then, as its escrow may end
    cdr_id bigint primary key references cdrs,
    provider text not null,
    hash text not null,
    retry_at timestamptz not null
  )`,
  'create index deck_waits_deck on deck_waits (provider, hash)',
  `create function end_deck_waits() returns trigger ${asOwner} as $$
  begin
    update deck_waits set retry_at = now() from arrived
      where deck_waits.provider = arrived.provider and deck_waits.hash = arrived.hash;
    return null;
  end $$`,
  `create trigger rate_decks_arrived after insert on rate_decks
    referencing new table as arrived for each statement execute function end_deck_waits()`,
  // What a CDR waits for is a change of its state, as its reason is.
  `create function note_deck_wait() returns trigger ${asOwner} as $$
  begin
    insert into cdr_states (cdr_id, state, reason_code) select cdr_id, 'received', 'deckMissing' from waiting order by cdr_id;
    return null;
  end $$`,
  `create trigger deck_waits_state after insert on deck_waits
    referencing new table as waiting for each statement execute function note_deck_wait()`,
  `create or replace function forget_unrated() returns trigger ${asOwner} as $$
  begin
    delete from unrated_cdrs where cdr_id in (select cdr_id from rated);
    delete from deck_waits where cdr_id in (select cdr_id from rated);
    return null;
  end $$`,
];
