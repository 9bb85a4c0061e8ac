import { type Kysely, sql } from 'kysely';

/** What is promised to calls that run. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db);
}

const asOwner = 'language plpgsql security definer set search_path = public, pg_temp';

const statements = [
  `create table holds (
    provider text not null,
    call_id text not null,
    escrow_id bigint not null,
    held_from timestamptz not null,
    -- what the call may last at the most, and what that costs
    seconds integer not null,
    amount bigint not null check (amount >= 0),
    hold_until timestamptz not null,
    -- the price that it began with: a call is never priced anew
    rate_per_second bigint not null,
    fee_per_call bigint not null,
    initial_increment integer not null,
    increment integer not null,
    tariff_hash text,
    entry text,
    -- its CDR was handed in: it lasts until that one is rated, and counts as unsettled
    cdr_id bigint references cdrs,
    primary key (provider, call_id)
  )`,
  'create index holds_escrow on holds (escrow_id)',
  'create index holds_until on holds (hold_until) where cdr_id is null',
  'create index holds_cdr on holds (cdr_id) where cdr_id is not null',
  `create table hold_versions (
    -- moves with each promise out of an escrow, and with each CDR that is rated: who has decided by an older one decides anew
    escrow_id bigint primary key,
    version bigint not null
  )`,
  `create function keep_holds() returns trigger ${asOwner} as $$
  begin
    update holds set cdr_id = submitted.id from submitted
      where holds.provider = submitted.provider and holds.call_id = submitted.call_id;
    return null;
  end $$`,
  `create trigger cdrs_keep_holds after insert on cdrs
    referencing new table as submitted for each statement execute function keep_holds()`,
  `create function end_holds() returns trigger ${asOwner} as $$
  begin
    update hold_versions set version = version + 1 where escrow_id in (select escrow_id from rated);
    delete from holds where cdr_id in (select cdr_id from rated);
    return null;
  end $$`,
  `create trigger ratings_end_holds after insert on ratings
    referencing new table as rated for each statement execute function end_holds()`,
];
