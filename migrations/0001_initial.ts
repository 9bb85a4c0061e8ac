import { type Kysely, sql } from 'kysely';

/** Three groups of tables, each written by one process only; `database/roles.ts` grants just that. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of [...indexer, ...api, ...settler]) await sql.raw(statement).execute(db);
}

export async function down(db: Kysely<unknown>): Promise<void> {
  const tables = ['parked_escrows', 'ratings', 'claims', 'transactions', 'request_nonces', 'cdr_conflicts', 'cdrs'];
  tables.push('settlements', 'escrows', 'balances', 'registrations', 'providers', 'events', 'blocks', 'cursor');
  for (const table of tables) await sql.raw(`drop table ${table}`).execute(db);
}

/**
 * What the chain says. Accounts are NEO addresses, hashes `0x…` as explorers show them, money is datoshi: the
 * contract's integers are below 2^63, so bigint holds them all.
 */
const indexer = [
  `create table cursor (
    -- the one contract that this database follows, and how far
    id boolean primary key default true check (id),
    network bigint not null,
    contract text not null,
    deployed_at integer not null,
    height integer not null,
    hash text not null,
    time timestamptz not null
  )`,
  `create table blocks (
    height integer primary key,
    hash text not null,
    previous_hash text not null,
    time timestamptz not null
  )`,
  `create table events (
    height integer not null references blocks,
    -- index among the contract's notifications in this block: their order of execution
    position integer not null,
    tx_hash text not null,
    -- index among the contract's notifications in this transaction
    ordinal integer not null,
    name text not null,
    payload jsonb not null,
    escrow_id bigint,
    primary key (height, position),
    unique (tx_hash, ordinal)
  )`,
  'create index events_escrow on events (escrow_id, height, position) where escrow_id is not null',
  `create table providers (
    provider text primary key,
    location text not null,
    tariff_uri text,
    tariff_hash text,
    operator text,
    deployed_at timestamptz not null,
    undeployed_at timestamptz
  )`,
  `create table registrations (
    "user" text not null,
    provider text not null,
    uuid text not null,
    registered_at timestamptz not null,
    -- where on the chain: the newest registration is the one that counts, and two may share a block
    height integer not null,
    position integer not null,
    primary key ("user", provider)
  )`,
  `create table balances (
    account text primary key,
    balance bigint not null check (balance >= 0)
  )`,
  `create table escrows (
    id bigint primary key,
    "user" text not null,
    provider text not null,
    state text not null check (state in ('open', 'closing', 'closed')),
    amount bigint not null,
    spent bigint not null default 0,
    refunded bigint,
    rate_per_second bigint not null,
    fee_per_call bigint not null,
    increment integer not null,
    max_parallel integer not null,
    opened_at timestamptz not null,
    ends_at timestamptz not null,
    claim_deadline timestamptz not null,
    voucher_key text,
    seq bigint not null default 0,
    seconds bigint not null default 0,
    calls bigint not null default 0,
    check (spent between 0 and amount)
  )`,
  'create index escrows_user on escrows ("user", id)',
  'create index escrows_provider on escrows (provider, id)',
  `create table settlements (
    -- one claim's answer from the contract
    height integer not null,
    position integer not null,
    tx_hash text not null,
    time timestamptz not null,
    -- as claimed: a rejected claim may name an escrow or a sequence that never was (-1 where it was unusable)
    escrow_id bigint not null,
    seq bigint not null,
    provider text,
    "user" text,
    accepted boolean not null,
    code integer,
    amount bigint,
    seconds bigint,
    calls bigint,
    cdr_root text,
    primary key (height, position),
    foreign key (height, position) references events,
    check (accepted = (code is null) and accepted = (cdr_root is not null))
  )`,
  'create index settlements_tx on settlements (tx_hash)',
  'create unique index settlements_accepted on settlements (escrow_id, seq) where accepted',
  'create index settlements_provider on settlements (provider, height desc, position desc)',
  'create index settlements_user on settlements ("user", height desc, position desc)',
];

const api = [
  `create table cdrs (
    -- what a provider submitted, as submitted: never changed
    id bigint generated always as identity primary key,
    provider text not null,
    call_id text not null,
    escrow_id bigint not null,
    "user" text not null,
    direction text not null check (direction in ('outbound', 'inbound')),
    "from" text not null,
    "to" text not null,
    started_at timestamptz not null,
    answered_at timestamptz,
    ended_at timestamptz not null,
    disposition text not null check (disposition in ('answered', 'busy', 'no-answer', 'cancelled', 'failed')),
    sip_status integer not null,
    hangup_by text,
    voucher_total bigint,
    voucher_signature text,
    -- SHA-256 of its canonical JSON: the same CDR sent again is told from another one under the same callId
    content_hash bytea not null,
    -- 16 random bytes, secret: without them nobody can guess a phone number from a public commitment
    salt bytea not null check (length(salt) = 16),
    received_at timestamptz not null default now(),
    unique (provider, call_id),
    check ((voucher_total is null) = (voucher_signature is null))
  )`,
  'create index cdrs_received on cdrs (received_at)',
  'create index cdrs_escrow on cdrs (escrow_id)',
  'create index cdrs_provider on cdrs (provider, id)',
  'create index cdrs_user on cdrs ("user", id)',
  `create table cdr_conflicts (
    -- another content under a callId that stands: kept for the auditor, once each
    cdr_id bigint not null references cdrs,
    content_hash bytea not null,
    content jsonb not null,
    received_at timestamptz not null default now(),
    primary key (cdr_id, content_hash)
  )`,
  `create table request_nonces (
    -- a signed request's nonce is used once; kept for as long as its signature could pass
    key_id text not null,
    nonce text not null,
    expires_at timestamptz not null,
    primary key (key_id, nonce)
  )`,
  'create index request_nonces_expiry on request_nonces (expires_at)',
];

const settler = [
  `create table transactions (
    -- sealed: signed and committed here before the network sees it
    hash text primary key,
    kind text not null check (kind in ('settle', 'refund')),
    state text not null check (state in ('sealed', 'halted', 'faulted', 'expired')),
    bytes bytea not null,
    valid_until_block integer not null,
    system_fee bigint not null,
    network_fee bigint not null,
    sealed_at timestamptz not null default now(),
    height integer,
    exception text,
    check ((height is not null) = (state in ('halted', 'faulted')))
  )`,
  `create index transactions_sealed on transactions (sealed_at) where state = 'sealed'`,
  'create index transactions_sealed_at on transactions (sealed_at)',
  `create table claims (
    id bigint generated always as identity primary key,
    escrow_id bigint not null,
    seq bigint not null,
    tx_hash text not null references transactions,
    state text not null check (state in ('sealed', 'accepted', 'rejected', 'void')),
    amount bigint not null check (amount >= 0),
    seconds bigint not null check (seconds >= 0),
    calls bigint not null check (calls >= 1),
    cdr_root text not null,
    voucher_total bigint,
    voucher_signature text,
    close boolean not null default false,
    code integer,
    check ((code is not null) = (state = 'rejected'))
  )`,
  'create index claims_tx on claims (tx_hash)',
  'create index claims_escrow on claims (escrow_id, seq)',
  // The two guards against paying twice: one claim of an escrow under way, and one accepted for each sequence number.
  `create unique index claims_one_sealed on claims (escrow_id) where state = 'sealed'`,
  `create unique index claims_accepted on claims (escrow_id, seq) where state = 'accepted'`,
  `create table ratings (
    -- what a CDR came to; a CDR without one is "received"
    cdr_id bigint primary key references cdrs,
    escrow_id bigint not null,
    state text not null check (state in ('rejected', 'rated', 'claimed', 'settled', 'failed')),
    reason_code text,
    reason text,
    billable_seconds bigint not null default 0,
    -- what the call costs, and what is claimed for it: less only where voucher or escrow do not reach
    price bigint not null default 0 check (price >= 0),
    amount bigint check (amount between 0 and price),
    explanation jsonb,
    tariff_hash text,
    -- total of the CDR's voucher, where its signature holds
    voucher_total bigint,
    claim_id bigint references claims,
    rated_at timestamptz not null default now(),
    check ((reason_code is not null) or state not in ('rejected', 'failed')),
    check ((claim_id is not null) = (state in ('claimed', 'settled')))
  )`,
  `create index ratings_payable on ratings (escrow_id, cdr_id) where state = 'rated' and price > 0`,
  'create index ratings_claim on ratings (claim_id) where claim_id is not null',
  'create index ratings_voucher on ratings (escrow_id, voucher_total desc) where voucher_total is not null',
  `create table parked_escrows (
    -- numbers that contradict each other: nothing more is claimed until a person has looked
    escrow_id bigint primary key,
    reason text not null,
    parked_at timestamptz not null default now()
  )`,
];
