import { type Kysely, sql } from 'kysely';

/** What was true at an earlier block follows from the notifications up to it: those of an account or escrow are found. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db);
}

const statements = [
  `create index events_account on events ((payload->>'account'), height) where name in ('Deposited', 'Withdrawn')`,
  `create index events_registration on events ((payload->>'user'), height)
    where name in ('UserRegistered', 'UserUnregistered')`,
  `create index events_location on events ((payload->>'provider'), height desc, position desc)
    where name in ('ProviderDeployed', 'ProviderRelocated', 'ProviderUndeployed')`,
  // without an escrow's claims, which are many
  `create index events_terms on events (escrow_id, height)
    where name in ('EscrowOpened', 'EscrowExtended', 'EscrowClosing', 'EscrowClosed')`,
  // What a provider has earned is summed up from the index alone.
  'drop index settlements_provider',
  'create index settlements_provider on settlements (provider, height desc, position desc) include (amount)',
];
