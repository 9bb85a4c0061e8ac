import { type Kysely, sql } from 'kysely';

/**
 * What a rated call costs is promised from then on, also out of an escrow that has promised nothing before: whoever
 * decides about it at the same time decides anew.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create or replace function end_holds() returns trigger
    language plpgsql security definer set search_path = public, pg_temp as $$
    begin
      insert into hold_versions (escrow_id, version)
        select distinct escrow_id, 1 from rated
        -- what is rejected costs nothing, and may be of an escrow of others
        where price > 0 or exists (select from holds where holds.cdr_id = rated.cdr_id)
        order by escrow_id
        on conflict (escrow_id) do update set version = hold_versions.version + 1;
      delete from holds where cdr_id in (select cdr_id from rated);
      return null;
    end $$`.execute(db);
}
