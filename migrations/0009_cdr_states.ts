import { type Kysely, sql } from 'kysely';

/**
 * Every change of a CDR's state is a row, in the transaction that makes it. Triggers alone write it: no path can forget
 * it.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db);
}

const asOwner = 'language plpgsql security definer set search_path = public, pg_temp';

const statements = [
  `create table cdr_states (
    -- Orders the changes of one CDR: each waits for the lock that the one before held. Ids are handed out before commit, so
    -- over several CDRs a lower one may appear after a higher one.
    id bigint generated always as identity primary key,
    cdr_id bigint not null references cdrs,
    state text not null,
    reason_code text,
    -- null before the CDR is rated
    price bigint,
    -- what was claimed for it
    amount bigint,
    claim_id bigint,
    at timestamptz not null default clock_timestamp()
  )`,
  'create index cdr_states_cdr on cdr_states (cdr_id, id)',
  `create function note_received() returns trigger ${asOwner} as $$
  begin
    insert into cdr_states (cdr_id, state) select id, 'received' from submitted order by id;
    return null;
  end $$`,
  `create function note_rated() returns trigger ${asOwner} as $$
  begin
    insert into cdr_states (cdr_id, state, reason_code, price, amount, claim_id)
    select cdr_id, state, reason_code, price, amount, claim_id from rated order by cdr_id;
    return null;
  end $$`,
  `create function note_changed() returns trigger ${asOwner} as $$
  begin
    insert into cdr_states (cdr_id, state, reason_code, price, amount, claim_id)
    select now.cdr_id, now.state, now.reason_code, now.price, now.amount, now.claim_id
    from changed as now join formerly as was using (cdr_id)
    where (now.state, now.reason_code, now.price, now.amount, now.claim_id)
      is distinct from (was.state, was.reason_code, was.price, was.amount, was.claim_id)
    order by now.cdr_id;
    return null;
  end $$`,
  // What stands already begins with what it is now.
  `insert into cdr_states (cdr_id, state, at) select id, 'received', received_at from cdrs order by id`,
  `insert into cdr_states (cdr_id, state, reason_code, price, amount, claim_id)
    select cdr_id, state, reason_code, price, amount, claim_id from ratings order by cdr_id`,
  `create trigger cdrs_received_state after insert on cdrs
    referencing new table as submitted for each statement execute function note_received()`,
  `create trigger ratings_first_state after insert on ratings
    referencing new table as rated for each statement execute function note_rated()`,
  `create trigger ratings_next_state after update on ratings
    referencing old table as formerly new table as changed for each statement execute function note_changed()`,
];
