import { type Kysely, sql } from 'kysely';

/** The index can be checked as a whole, and takes in blocks faster. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of [...digests, ...speed]) await sql.raw(statement).execute(db);
}

const digests = [
  `create table digests (
    -- what the tables hold as of a block, as a number: the same for any two indexers. Kept for the newest block, and for
    -- each thousandth one
    height integer primary key,
    events text not null,
    providers text not null,
    registrations text not null,
    balances text not null,
    escrows text not null,
    settlements text not null
  )`,
  // Raised by whoever changes the tables beside the indexer that follows: that one reads them anew.
  'alter table cursor add column generation integer not null default 0',
  `create table reconciliations (
    -- the index held against the contract's own storage: one row each time
    id bigint generated always as identity primary key,
    height integer not null,
    started_at timestamptz not null,
    finished_at timestamptz not null default now(),
    -- entries that were compared
    entries bigint not null,
    proved boolean not null,
    agrees boolean not null,
    -- the differences, and the sums
    result jsonb not null
  )`,
];

const speed = [
  // One statement writes a block, its events and what follows from them: they can't refer to what is not there. Each
  // check cost as much as writing the row.
  'alter table settlements drop constraint settlements_height_position_fkey',
  'alter table events drop constraint events_height_fkey',
  // Height and position tell notifications apart. An index that is not unique holds a hash once, however many
  // notifications a transaction has.
  'alter table events drop constraint events_tx_hash_ordinal_key',
  'create index events_tx on events (tx_hash)',
  // Room in each page for a row's next version: no index has to be told of it then, as its own columns stay.
  'alter table escrows set (fillfactor = 50)',
  'alter table balances set (fillfactor = 50)',
];
