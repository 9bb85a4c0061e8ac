import { type Kysely, sql } from 'kysely';

/** What is to be done has an index of its own: a round of the settler costs what is new, whatever the history. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of [...unrated, ...checks, ...notes]) await sql.raw(statement).execute(db);
}

const unrated = [
  `create table unrated_cdrs (
    -- CDRs without a rating. Triggers alone write it, so that neither API nor settler can forget one
    cdr_id bigint primary key references cdrs
  )`,
  `create function note_unrated() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
  begin
    insert into unrated_cdrs select id from submitted;
    return null;
  end $$`,
  `create function forget_unrated() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
  begin
    delete from unrated_cdrs where cdr_id in (select cdr_id from rated);
    return null;
  end $$`,
  'insert into unrated_cdrs select id from cdrs where not exists (select from ratings where ratings.cdr_id = cdrs.id)',
  `create trigger cdrs_unrated after insert on cdrs
    referencing new table as submitted for each statement execute function note_unrated()`,
  `create trigger ratings_rated after insert on ratings
    referencing new table as rated for each statement execute function forget_unrated()`,
];

const checks = [
  `create table rollbacks (
    -- a devnet's chain has lost its last blocks: what was derived from blocks above this height holds no longer
    id bigint generated always as identity primary key,
    height integer not null,
    at timestamptz not null default now()
  )`,
  `create table handled_rollbacks (
    -- the newest one that the settler has drawn its conclusions from
    id boolean primary key default true check (id),
    rollback_id bigint not null
  )`,
  'insert into handled_rollbacks (rollback_id) values (0)',
  `create table claim_checks (
    -- of this escrow, every claim below this number that the chain accepted is known to this database, or was reviewed
    escrow_id bigint primary key,
    checked_seq bigint not null
  )`,
  `create index transactions_halted on transactions (height) where state = 'halted'`,
];

const notes = [
  `create table settlers (
    -- who claims for whom at present; null: for all that named its operator
    id text primary key,
    operator text not null,
    providers text[],
    seen_at timestamptz not null
  )`,
  // Calls of which the provider has not been told why they wait: soon claimed, or told.
  `create index ratings_untold on ratings (escrow_id, cdr_id) where state = 'rated' and price > 0 and reason_code is null`,
  `create index ratings_not_served on ratings (escrow_id, cdr_id) where state = 'rated' and reason_code = 'notServed'`,
];
