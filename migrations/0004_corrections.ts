import { type Kysely, sql } from 'kysely';

/**
 * A CDR that will never be paid may be corrected; calls under way at the same time are found; a callId has one
 * spelling.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of [...cdrs, ...ratings, ...guards]) await sql.raw(statement).execute(db);
}

const cdrs = [
  'alter table cdrs add column corrects bigint references cdrs',
  // One first CDR of a call, and one correction of each: a chain without branches. Also the index that finds a call's
  // CDRs.
  'alter table cdrs drop constraint cdrs_provider_call_id_key',
  'alter table cdrs add constraint cdrs_call unique nulls not distinct (provider, call_id, corrects)',
  // What stands already stays as it is: it may have been paid.
  `alter table cdrs add constraint cdrs_call_id_form check (call_id collate "C" ~ '^[!-~]+$') not valid`,
];

const ratings = [
  'alter table ratings drop constraint ratings_state_check',
  `alter table ratings add constraint ratings_state_check
    check (state in ('rejected', 'superseded', 'rated', 'claimed', 'settled', 'failed'))`,
  // While it holds one of the escrow's lines (settler/parallel.ts); null where the call is none of this escrow's.
  'alter table ratings add column busy_from timestamptz',
  'alter table ratings add column busy_until timestamptz check (busy_until > busy_from)',
  'alter table ratings add constraint ratings_busy_check check ((busy_from is null) = (busy_until is null))',
  `update ratings set busy_from = answered_at,
      busy_until = greatest(answered_at + interval '1 ms', ended_at - least(interval '1 s', (ended_at - answered_at) / 2))
    from cdrs where cdrs.id = cdr_id and answered_at is not null and state <> 'rejected'`,
  // Two ranges, since both halves of a GiST index have to be of a kind that it knows without an extension.
  `create index ratings_busy on ratings
    using gist (int8range(escrow_id, escrow_id, '[]'), tstzrange(busy_from, busy_until)) where busy_from is not null`,
];

/**
 * The rule for the money: of all CDRs of a call, at most one ever has a price. Only what will never be paid may be
 * corrected, and what will never be paid stays so. The API and the settler keep to it; Postgres makes sure.
 */
const guards = [
  `create function is_never_paid(state text, price bigint) returns boolean immutable language sql
    as $$ select state = 'rejected' or (state = 'rated' and price = 0) $$`,
  `create function check_correction() returns trigger language plpgsql as $$
  begin
    if not exists (select from cdrs join ratings on ratings.cdr_id = cdrs.id
      where cdrs.id = new.corrects and cdrs.provider = new.provider and cdrs.call_id = new.call_id
        and is_never_paid(ratings.state, ratings.price)) then
      raise exception 'CDR % is none of this call that will never be paid', new.corrects using errcode = 'check_violation';
    end if;
    return new;
  end $$`,
  `create trigger cdrs_correction before insert on cdrs
    for each row when (new.corrects is not null) execute function check_correction()`,
  `create function check_never_paid() returns trigger language plpgsql as $$
  begin
    if new.price <> old.price or new.state not in (old.state, 'superseded') then
      raise exception 'CDR % will never be paid: it was %', old.cdr_id, old.state using errcode = 'check_violation';
    end if;
    return new;
  end $$`,
  `create trigger ratings_never_paid before update on ratings
    for each row when (is_never_paid(old.state, old.price) or old.state = 'superseded') execute function check_never_paid()`,
];
