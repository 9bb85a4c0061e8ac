import { DatabaseSync, type StatementSync } from 'node:sqlite';

/**
 * One SQLite file, so that a provider needs no database server. `node:sqlite` comes with Node.js itself: nothing is
 * built or fetched for it. It answers at once, in this process alone, so that what is read and written without an
 * `await` in between is one step that nothing else comes into.
 */
export type Store = DatabaseSync;

/** Each step once, in order; one that was released is never edited. Times are milliseconds since 1970. */
const steps = [
  `create table nonces (
     nonce text primary key, user text not null, connection text not null, expires_at integer not null) strict;
   create index nonces_of on nonces (user, connection);
   create table sessions (
     hash text primary key, user text not null, device text, not_after integer not null, expires_at integer not null,
     created_at integer not null) strict;
   create index sessions_of on sessions (user, created_at);
   create table calls (
     call_id text primary key, sip_call_id text not null, from_tag text not null, user text, escrow_id integer,
     direction text not null, from_party text not null, to_party text not null,
     state text not null check (state in ('ringing', 'running', 'over')),
     invited_at integer not null, answered_at integer, seen_at integer, ended_at integer,
     dialog_entry integer, dialog_id integer,
     held_from integer, held_seconds integer, held_amount integer,
     rate_per_second integer, fee_per_call integer, initial_increment integer, increment integer,
     tariff_hash text, entry text,
     media_at integer, packets text, lost_at integer, billed_until integer,
     end_reason text, disposition text, sip_status integer, hangup_by text, price integer,
     cdr text, cdr_state text check (cdr_state in ('waiting', 'accepted', 'settled', 'conflict', 'invalid')), cdr_reason text,
     paid integer, checked_at integer) strict;
   create index calls_under_way on calls (escrow_id) where state <> 'over';
   create index calls_of_escrow on calls (escrow_id) where price > 0;
   create index calls_to_hand_in on calls (invited_at) where cdr_state = 'waiting';
   create index calls_to_follow on calls (checked_at) where cdr_state = 'accepted';
   create index calls_of_sip on calls (sip_call_id);
   create table vouchers (
     escrow_id integer primary key, total integer not null, signature text not null,
     handed_in integer not null default 0, problem text) strict;
   create table numbers (number text primary key, user text not null) strict;
   create table decks (hash text primary key, effective_from integer not null, document text not null) strict;
   create table deck_sets (place integer primary key, hash text not null, set_at integer not null) strict;
   create table cursor (id integer primary key check (id = 1), network integer not null, contract text not null,
     provider text not null, height integer not null, hash text not null) strict;
   create table asides (id integer primary key, at integer not null, reason text not null, document text not null) strict;`,
  `create table subscriptions (
     user text not null, endpoint text not null, device text, document text not null, kept_at integer not null,
     primary key (user, endpoint)) strict;`,
  `alter table calls add column method text not null default 'INVITE';
   alter table calls add column ringing_at integer;
   create index calls_of_user on calls (user, direction, invited_at, to_party);
   drop index calls_of_escrow;
   create index calls_owed on calls (escrow_id, cdr_state, paid, price) where price > 0;
   create index calls_by_time on calls (invited_at);
   create index calls_by_end on calls (ended_at) where ended_at is not null;
   create index calls_by_money on calls (cdr_state, price, paid) where price > 0;
   create table limit_counts (
     day text not null, limit_name text not null, verdict text not null, who text not null, count integer not null,
     last_at integer not null, last_what text not null, unique (day, limit_name, verdict, who)) strict;`,
  `alter table calls add column request text not null default '';`,
  `create table spent_elsewhere (escrow_id integer primary key, amount integer not null) strict;`,
  `alter table vouchers add column tried_at integer not null default 0;`,
  `create table identities (said text primary key, until integer not null) strict;
   create index identities_by_end on identities (until);`,
  `create table unbinding (user text not null) strict;`,
];

/** Another process (a backup, a person's shell) may hold it for so long. */
const BUSY_MS = 5_000;

/**
 * Opens the file, or makes it. A commit is on disk before it is told of (`synchronous = full`): a power failure takes
 * nothing back. `lost` is told where a commit fails: what is in memory may go beyond what is in the file.
 */
export function openStore(path: string, lost: (error: unknown) => void = () => {}): Store {
  const store = new DatabaseSync(path, { timeout: BUSY_MS, readBigInts: true });
  store.exec('pragma journal_mode = wal; pragma synchronous = full; pragma foreign_keys = on');
  const done = Number(store.prepare('pragma user_version').get()?.user_version ?? 0);
  for (const [i, step] of steps.entries()) {
    if (i >= done) store.exec(`begin immediate; ${step}; pragma user_version = ${i + 1}; commit`);
  }
  keepStatements(store);
  losses.set(store, lost);
  return store;
}

/** Each statement is compiled once: what it holds is not JavaScript's memory, and would wait long to be collected. */
function keepStatements(store: Store): void {
  const kept = new Map<string, StatementSync>();
  const compile = store.prepare.bind(store);
  store.prepare = (sql) => {
    const found = kept.get(sql) ?? compile(sql);
    kept.set(sql, found);
    return found;
  };
}

/**
 * All of it, or nothing. No network in here. What is written within one turn of the event loop reaches the disk together,
 * and where much is written, what is written within `PACE_MS`, as the disk has to be waited for: whoever tells of it to
 * the outside waits for `committed` first.
 */
export function inTransaction<T>(store: Store, work: () => T): T {
  join(store);
  store.prepare('savepoint step').run();
  try {
    const result = work();
    store.prepare('release step').run();
    return result;
  } catch (error) {
    // SQLite itself may have taken back the whole transaction: its commit fails then
    if (store.isTransaction) store.exec('rollback to step; release step');
    throw error;
  }
}

const groups = new WeakMap<Store, Promise<void>>();
const losses = new WeakMap<Store, (error: unknown) => void>();

/** What was written so far is on disk. @throws where it can't be: then nothing of it was done */
export const committed = (store: Store): Promise<void> => groups.get(store) ?? Promise.resolve();

/** From one commit to the next where they come one after the other. */
const PACE_MS = 4;
const committedAt = new WeakMap<Store, number>();

function join(store: Store): void {
  if (groups.has(store)) return;
  store.prepare('begin immediate').run();
  const done = pause(store).then(() => {
    groups.delete(store);
    try {
      store.prepare('commit').run();
    } catch (error) {
      if (store.isTransaction) store.exec('rollback');
      losses.get(store)?.(error);
      throw error;
    } finally {
      committedAt.set(store, performance.now());
    }
  });
  done.catch(() => undefined); // it is told to whoever waits
  groups.set(store, done);
}

function pause(store: Store): Promise<void> {
  const rest = (committedAt.get(store) ?? Number.NEGATIVE_INFINITY) + PACE_MS - performance.now();
  return new Promise((resolve) => (rest > 0 ? setTimeout(resolve, rest) : setImmediate(resolve)));
}
