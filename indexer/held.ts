import { sql } from 'kysely';
import type { Database, Tx } from '../database/connection.ts';
import { escrowIdOf } from '../protocol/contract/event.ts';
import type { Address } from '../protocol/types/address.ts';
import {
  apply,
  Contradiction,
  type Escrow,
  emptyState,
  type PlacedEvent,
  type Provider,
  type Registration,
  type Settlement,
  type State,
} from './apply.ts';
import { addTo, type Digests, digestOf, digestOfEvents, digestOfSettlements } from './digest.ts';

/** Rows that some notifications changed, as they are after them, and the digests. */
export type Changes = {
  providers: Provider[];
  registrations: Registration[];
  unregistered: Registration[];
  balances: { account: Address; balance: bigint }[];
  escrows: Escrow[];
  digests: Digests;
};

/**
 * The part of the state that was touched lately, in memory: so that a busy escrow is read once, and not with each
 * block. It is right for as long as nobody else writes and every commit succeeds: else it is dropped, and begun anew.
 */
export type Held = {
  /**
   * Applies notifications, those of whole blocks, in their order. Answers the settlements among them.
   * @throws Contradiction, and is of no use from then on
   */
  take(events: readonly PlacedEvent[]): Promise<Settlement[]>;
  /** What changed since it was last asked. */
  changes(): Changes;
  digests(): Digests;
  /** Whether it holds more than it should. */
  isFull(): boolean;
  /** Holds nothing any more: all is read again as it is needed. Only while nothing that it gave is unwritten. */
  drop(): void;
};

/** Rows of a kind that are kept: some ten MB. */
const MAX_HELD = 20_000;

type Sums = {
  providers: Map<Address, bigint>;
  registrations: Map<string, bigint>;
  balances: Map<Address, bigint>;
  escrows: Map<bigint, bigint>;
};
const emptySums = (): Sums => ({
  providers: new Map(),
  registrations: new Map(),
  balances: new Map(),
  escrows: new Map(),
});

/** What notifications are about. */
type Keys = { providers: Set<Address>; accounts: Set<Address>; escrows: Set<bigint>; registrations: Set<string> };
const emptyKeys = (): Keys => ({
  providers: new Set(),
  accounts: new Set(),
  escrows: new Set(),
  registrations: new Set(),
});

export function hold(db: Database | Tx, schema: string, digests: Digests): Held {
  let state: State = emptyState();
  /** The digest of each row that is held, as it is stored. */
  let sums: Sums = emptySums();
  const current = { ...digests };
  /** What the notifications were about since changes were last asked for. */
  let keys = emptyKeys();

  async function take(events: readonly PlacedEvent[]): Promise<Settlement[]> {
    collectKeys(events, keys);
    await load();
    state.settlements = [];
    for (const event of events) apply(state, event);
    for (const account of state.credited)
      if (!keys.accounts.has(account)) throw new Contradiction(`the balance of ${account} was changed, and not read`);
    for (const [height, placed] of Map.groupBy(events, (event) => event.height))
      current.events = addTo(current.events, digestOfEvents(height, placed));
    for (const [height, settled] of Map.groupBy(state.settlements, (settlement) => settlement.height))
      current.settlements = addTo(current.settlements, digestOfSettlements(height, settled));
    return state.settlements;
  }

  async function load(): Promise<void> {
    const escrows = missing(keys.escrows, state.escrows);
    for (const row of await rows<Escrow>('escrows', 'id', escrows)) {
      state.escrows.set(row.id, row);
      sums.escrows.set(row.id, digestOf.escrows(row));
    }
    for (const id of keys.escrows) {
      const escrow = state.escrows.get(id);
      if (escrow) keys.accounts.add(escrow.user).add(escrow.provider);
    }
    for (const row of await rows<Provider>('providers', 'provider', missing(keys.providers, state.providers))) {
      state.providers.set(row.provider, row);
      sums.providers.set(row.provider, digestOf.providers(row));
    }
    const accounts = missing(keys.accounts, state.balances);
    for (const account of accounts) state.balances.set(account, 0n);
    for (const { account, balance } of await rows<{ account: Address; balance: bigint }>(
      'balances',
      'account',
      accounts,
    )) {
      state.balances.set(account, balance);
      sums.balances.set(account, digestOf.balances(account, balance));
    }
    const pairs = missing(keys.registrations, state.registrations);
    for (const row of await rows<Registration>('registrations', sql`"user" || '/' || provider`, pairs)) {
      state.registrations.set(`${row.user}/${row.provider}`, row);
      sums.registrations.set(`${row.user}/${row.provider}`, digestOf.registrations(row));
    }
  }

  async function rows<T>(
    table: string,
    key: string | ReturnType<typeof sql>,
    wanted: readonly unknown[],
  ): Promise<T[]> {
    if (wanted.length === 0) return [];
    const column = typeof key === 'string' ? sql.ref(key) : key;
    const found =
      await sql<T>`select * from ${sql.table(`${schema}.${table}`)} where ${column} = any(${wanted})`.execute(db);
    return found.rows;
  }

  function changes(): Changes {
    const providers = changed(keys.providers, state.providers, sums.providers, digestOf.providers);
    current.providers = addTo(current.providers, providers.difference);
    const escrows = changed(keys.escrows, state.escrows, sums.escrows, digestOf.escrows);
    current.escrows = addTo(current.escrows, escrows.difference);
    const registrations = changed(keys.registrations, state.registrations, sums.registrations, (row) =>
      row.uuid === null ? 0n : digestOf.registrations(row),
    );
    current.registrations = addTo(current.registrations, registrations.difference);
    const isNew = (account: Address) => state.credited.has(account) && !sums.balances.has(account);
    const begun = [...state.credited].filter(isNew).map((account) => ({ account, balance: 0n }));
    const balances = changed(keys.accounts, state.balances, sums.balances, (balance, account) =>
      digestOf.balances(account, balance),
    );
    const emptied = begun.filter(({ account }) => isNew(account));
    for (const { account } of emptied) sums.balances.set(account, 0n);
    current.balances = addTo(current.balances, balances.difference);
    keys = emptyKeys();
    state.credited.clear();
    return {
      providers: providers.rows.map(([, row]) => row),
      registrations: registrations.rows.flatMap(([, row]) => (row.uuid === null ? [] : row)),
      unregistered: registrations.rows.flatMap(([, row]) => (row.uuid === null ? row : [])),
      balances: [...balances.rows.map(([account, balance]) => ({ account, balance })), ...emptied],
      escrows: escrows.rows.map(([, row]) => row),
      digests: { ...current },
    };
  }

  return {
    take,
    changes,
    digests: () => current,
    isFull: () => {
      const { providers, registrations, balances, escrows } = state;
      return Math.max(providers.size, registrations.size, balances.size, escrows.size) > MAX_HELD;
    },
    drop: () => {
      [state, sums] = [emptyState(), emptySums()];
    },
  };
}

/** The rows among these keys whose digest is no longer what it was. */
function changed<K, V>(
  keys: ReadonlySet<K>,
  values: ReadonlyMap<K, V>,
  sums: Map<K, bigint>,
  digest: (value: V, key: K) => bigint,
): { rows: [K, V][]; difference: bigint } {
  const rows: [K, V][] = [];
  let difference = 0n;
  for (const key of keys) {
    const value = values.get(key);
    if (value === undefined) continue;
    const [before, after] = [sums.get(key) ?? 0n, digest(value, key)];
    if (before === after) continue;
    sums.set(key, after);
    difference += after - before;
    rows.push([key, value]);
  }
  return { rows, difference };
}

const missing = <K>(wanted: ReadonlySet<K>, known: ReadonlyMap<K, unknown>): K[] =>
  [...wanted].filter((key) => !known.has(key));

function collectKeys(events: readonly PlacedEvent[], keys: Keys): void {
  for (const { event } of events) {
    const id = escrowIdOf(event);
    if (id !== null) keys.escrows.add(id);
    if ('provider' in event) {
      keys.providers.add(event.provider);
      keys.accounts.add(event.provider); // an escrow may be opened and claimed from in the same blocks
    }
    if ('account' in event) keys.accounts.add(event.account);
    if ('user' in event) keys.accounts.add(event.user);
    if (event.name === 'UserRegistered' || event.name === 'UserUnregistered')
      keys.registrations.add(`${event.user}/${event.provider}`);
  }
}
