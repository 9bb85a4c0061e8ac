import { type Kysely, sql } from 'kysely';

/**
 * What a provider is judged by stands ready as a row, and nobody sums it up on request. Triggers keep it, so that no
 * path of the code can forget it; a statement of many rows changes each provider's row once.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of [...settlements, ...calls, ...cdrs]) await sql.raw(statement).execute(db);
}

const settlements = [
  `create table provider_settlements (
    -- of the claims that the chain answered; a stranger's claim is in nobody's row
    provider text primary key,
    calls bigint not null,
    seconds bigint not null,
    claims bigint not null,
    rejected_claims bigint not null
  )`,
  `create function count_settlements() returns trigger language plpgsql as $$
  declare
    sign bigint := case tg_op when 'INSERT' then 1 else -1 end;
  begin
    insert into provider_settlements as counted (provider, calls, seconds, claims, rejected_claims)
    select provider, sign * sum(coalesce(changed.calls, 0)), sign * sum(coalesce(changed.seconds, 0)),
      sign * count(*), sign * count(*) filter (where not accepted)
    from changed where provider is not null group by provider order by provider
    on conflict (provider) do update set calls = counted.calls + excluded.calls, seconds = counted.seconds + excluded.seconds,
      claims = counted.claims + excluded.claims, rejected_claims = counted.rejected_claims + excluded.rejected_claims;
    return null;
  end $$`,
  `insert into provider_settlements
    select provider, coalesce(sum(calls), 0), coalesce(sum(seconds), 0), count(*), count(*) filter (where not accepted)
    from settlements where provider is not null and (accepted or code not in (1, 3)) group by provider`,
  'update settlements set provider = null, "user" = null where code in (1, 3)',
  `update events set escrow_id = null where name = 'ClaimRejected' and payload->>'code' in ('1', '3')`,
  `create trigger settlements_counted after insert on settlements
    referencing new table as changed for each statement execute function count_settlements()`,
  `create trigger settlements_uncounted after delete on settlements
    referencing old table as changed for each statement execute function count_settlements()`,
];

const calls = [
  `create table provider_calls (
    -- of the calls that were settled, or that cost nothing: how many were answered, and how many not
    provider text primary key,
    answered bigint not null,
    unanswered bigint not null
  )`,
  `create table provider_rejections (
    -- CDRs that can never be paid, by the day of their rating (UTC): the API bounds them
    provider text not null,
    day date not null,
    calls bigint not null,
    primary key (provider, day)
  )`,
  `create function is_counted(state text, price bigint) returns boolean immutable language sql
    as $$ select state = 'settled' or (state = 'rated' and price = 0) $$`,
  `create function count_calls(ids bigint[], signs integer[]) returns void language sql as $$
    insert into provider_calls as counted (provider, answered, unanswered)
    select provider, coalesce(sum(sign) filter (where disposition = 'answered'), 0),
      coalesce(sum(sign) filter (where disposition <> 'answered'), 0)
    from unnest(ids, signs) as changed (cdr_id, sign) join cdrs on cdrs.id = changed.cdr_id
    group by provider order by provider
    on conflict (provider) do update set answered = counted.answered + excluded.answered,
      unanswered = counted.unanswered + excluded.unanswered
  $$`,
  `create function count_inserted_ratings() returns trigger language plpgsql as $$
  begin
    perform count_calls(array_agg(cdr_id), array_agg(1)) from new_ratings where is_counted(state, price) having count(*) > 0;
    insert into provider_rejections as counted (provider, day, calls)
    select provider, (rated_at at time zone 'UTC')::date as day, count(*)
    from new_ratings join cdrs on cdrs.id = new_ratings.cdr_id where state = 'rejected'
    group by provider, day order by provider, day
    on conflict (provider, day) do update set calls = counted.calls + excluded.calls;
    return null;
  end $$`,
  `create function count_updated_ratings() returns trigger language plpgsql as $$
  begin
    -- a rating's CDR and price stay as they are: only the state makes it count, or no longer
    perform count_calls(array_agg(cdr_id), array_agg(case when is_counted(n.state, n.price) then 1 else -1 end))
    from new_ratings as n join old_ratings as o using (cdr_id)
    where is_counted(n.state, n.price) <> is_counted(o.state, o.price)
    having count(*) > 0;
    return null;
  end $$`,
  `insert into provider_calls
    select provider, count(*) filter (where disposition = 'answered'), count(*) filter (where disposition <> 'answered')
    from ratings join cdrs on cdrs.id = cdr_id where is_counted(state, price) group by provider`,
  `insert into provider_rejections
    select provider, (rated_at at time zone 'UTC')::date as day, count(*)
    from ratings join cdrs on cdrs.id = cdr_id where state = 'rejected' group by provider, day`,
  `create trigger ratings_counted after insert on ratings
    referencing new table as new_ratings for each statement execute function count_inserted_ratings()`,
  `create trigger ratings_recounted after update on ratings
    referencing old table as old_ratings new table as new_ratings for each statement execute function count_updated_ratings()`,
];

const cdrs = [
  // A user's own CDRs are those of the user's escrows: whatever strangers say of the user is found by no index of
  // theirs.
  'drop index cdrs_user',
  'drop index cdrs_escrow',
  'create index cdrs_escrow on cdrs (escrow_id, provider, id)',
];
