import { type Kysely, sql } from 'kysely';

/**
 * What a statement changed is compared without a join: Postgres plans a trigger's statements once for each connection,
 * by the number of rows that it sees then, and a nested loop that suits one row takes minutes for thousands.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db);
}

const statements = [
  `create or replace function note_changed() returns trigger
  language plpgsql security definer set search_path = public, pg_temp as $$
  begin
    insert into cdr_states (cdr_id, state, reason_code, price, amount, claim_id)
    select * from (
      select cdr_id, state, reason_code, price, amount, claim_id from changed
      except
      select cdr_id, state, reason_code, price, amount, claim_id from formerly) as news
    order by cdr_id;
    return null;
  end $$`,
  `create or replace function forget_unrated() returns trigger
  language plpgsql security definer set search_path = public, pg_temp as $$
  begin
    delete from unrated_cdrs where cdr_id = any(array(select cdr_id from rated));
    delete from deck_waits where cdr_id = any(array(select cdr_id from rated));
    return null;
  end $$`,
  `create or replace function count_updated_ratings() returns trigger language plpgsql as $$
  begin
    -- what counts as before adds nothing
    perform count_calls(array_agg(cdr_id), array_agg(sign)) from (
      select cdr_id, 1 as sign from new_ratings where is_counted(state, price)
      union all
      select cdr_id, -1 from old_ratings where is_counted(state, price)) as recounted
    having count(*) > 0;
    return null;
  end $$`,
];
