import { type Kysely, sql } from 'kysely';

/** One process writes a table; everybody reads all but the API's secrets of requests. */
export const writes = {
  indexer: [
    'cursor',
    'blocks',
    'events',
    'providers',
    'registrations',
    'balances',
    'escrows',
    'settlements',
    'provider_settlements',
    'rollbacks',
    'digests',
    'reconciliations',
  ],
  api: [
    'cdrs',
    'cdr_conflicts',
    'request_nonces',
    'vouchers',
    'rate_decks',
    'rate_deck_entries',
    'holds',
    'hold_versions',
  ],
  settler: [
    'transactions',
    'claims',
    'ratings',
    'parked_escrows',
    'provider_calls',
    'provider_rejections',
    'handled_rollbacks',
    'claim_checks',
    'deck_waits',
    'refunds',
    'settlers',
  ],
} as const;

export type Role = keyof typeof writes;

/** What was submitted stands for ever: the API may add to these tables, nobody may change them. */
const insertOnly: readonly string[] = ['cdrs', 'cdr_conflicts'];

export const roleName = (role: Role): string => `krypton_${role}`;

/**
 * Creates the roles where missing (they belong to the whole Postgres cluster) and grants each what it needs here.
 * The connecting user becomes a member, because each process takes its role on at connecting.
 */
export async function grantRoles(db: Kysely<unknown>): Promise<void> {
  for (const role of Object.keys(writes) as Role[]) {
    const name = roleName(role);
    await sql.raw(createRole(name)).execute(db);
    await sql.raw(`grant usage on schema public to ${name}`).execute(db);
    await sql.raw(`grant select on all tables in schema public to ${name}`).execute(db);
    if (role !== 'api') await sql.raw(`revoke select on request_nonces from ${name}`).execute(db);
    for (const table of writes[role]) {
      const rights = insertOnly.includes(table) ? 'insert' : 'insert, update, delete';
      await sql.raw(`grant ${rights} on ${table} to ${name}`).execute(db);
    }
  }
}

/**
 * Another database of the same cluster may be creating the role at this very moment. A superuser may take on any role.
 */
function createRole(name: string): string {
  return `do $$ begin
    begin
      if not exists (select from pg_roles where rolname = '${name}') then create role ${name} nologin; end if;
    exception when duplicate_object or unique_violation then null;
    end;
    if not (select rolsuper from pg_roles where rolname = current_user) then grant ${name} to current_user; end if;
  end $$`;
}
