import type { Block } from '../chain/blocks.ts';
import { prepare } from '../database/prepared.ts';
import { escrowOf, type PlacedEvent, type Settlement } from './apply.ts';
import { type Field, type Form, jsonLines, plain, quoted, times } from './array-text.ts';
import { digestedTables, digestText } from './digest.ts';
import type { Changes } from './held.ts';

/**
 * What is written, as one statement with one parameter for each column, however many rows: it takes one round trip, is
 * planned once, and is a transaction of its own. Measured for 42 settled claims a block: 25 µs an event in Postgres, as
 * against 38 µs by `json_populate_recordset` in nine statements.
 */

/** Digests of such heights are kept, so that two operators find a height that both have. */
export const DIGEST_EVERY = 1_000;

/** Columns, their types, and how their values are given. */
type Column = readonly [name: string, type: string, form?: Form];

const columns = {
  blocks: [
    ['height', 'integer'],
    ['hash', 'text'],
    ['previous_hash', 'text'],
    ['time', 'timestamptz', times],
  ],
  events: [
    ['height', 'integer'],
    ['position', 'integer'],
    ['tx_hash', 'text'],
    ['ordinal', 'integer'],
    ['name', 'text'],
    ['payload', 'jsonb', jsonLines],
    ['escrow_id', 'bigint'],
  ],
  providers: [
    ['provider', 'text'],
    ['location', 'text', quoted],
    ['tariff_uri', 'text', quoted],
    ['tariff_hash', 'text'],
    ['operator', 'text'],
    ['deployed_at', 'timestamptz', times],
    ['undeployed_at', 'timestamptz', times],
  ],
  registrations: [
    ['user', 'text'],
    ['provider', 'text'],
    ['uuid', 'text', quoted],
    ['registered_at', 'timestamptz', times],
    ['height', 'integer'],
    ['position', 'integer'],
  ],
  balances: [
    ['account', 'text'],
    ['balance', 'bigint'],
  ],
  escrows: [
    ['id', 'bigint'],
    ['user', 'text'],
    ['provider', 'text'],
    ['state', 'text'],
    ['amount', 'bigint'],
    ['spent', 'bigint'],
    ['refunded', 'bigint'],
    ['rate_per_second', 'bigint'],
    ['fee_per_call', 'bigint'],
    ['increment', 'integer'],
    ['max_parallel', 'integer'],
    ['opened_at', 'timestamptz', times],
    ['ends_at', 'timestamptz', times],
    ['claim_deadline', 'timestamptz', times],
    ['voucher_key', 'text'],
    ['seq', 'bigint'],
    ['seconds', 'bigint'],
    ['calls', 'bigint'],
  ],
  settlements: [
    ['height', 'integer'],
    ['position', 'integer'],
    ['tx_hash', 'text'],
    ['time', 'timestamptz', times],
    ['escrow_id', 'bigint'],
    ['seq', 'bigint'],
    ['provider', 'text'],
    ['user', 'text'],
    ['accepted', 'boolean'],
    ['code', 'integer'],
    ['amount', 'bigint'],
    ['seconds', 'bigint'],
    ['calls', 'bigint'],
    ['cdr_root', 'text'],
  ],
} as const satisfies Record<string, readonly Column[]>;
type Written = keyof typeof columns;

/** Where a row of that key stands already, it is overwritten; of the other tables, that is an error. */
const keys: Partial<Record<Written, readonly string[]>> = {
  providers: ['provider'],
  registrations: ['user', 'provider'],
  balances: ['account'],
  escrows: ['id'],
};

const keyed = ['providers', 'registrations', 'balances', 'escrows'] as const;
const derived = [...keyed, 'settlements'] as const;

/** Where the next parameter stands. */
type Count = { parameters: number };
const next = (count: Count): string => {
  count.parameters += 1;
  return `$${count.parameters}`;
};

/** `when` may name a table expression without rows: then nothing is inserted. */
function insertText(schema: string, table: Written, count: Count, when = ''): string {
  const list: readonly Column[] = columns[table];
  const names = list.map(([name]) => `"${name}"`);
  const arrays = list.map(([, type, form = plain]) => form.inSql(next(count), type));
  const key = keys[table];
  const others = names.filter((name) => !key?.some((one) => `"${one}"` === name));
  const standing = key
    ? ` on conflict (${key.map((name) => `"${name}"`).join(', ')}) do update set ${others.map((name) => `${name} = excluded.${name}`).join(', ')}`
    : '';
  const given = `select given.* from unnest(${arrays.join(', ')}) as given (${names.join(', ')})${when}`;
  return `insert into ${schema}.${table} (${names.join(', ')}) ${given}${standing}`;
}

const deleteText = (schema: string, count: Count, when = ''): string =>
  `delete from ${schema}.registrations as standing
    using unnest(${next(count)}::text[], ${next(count)}::text[]) as gone ("user", provider)${when}
    where standing."user" = gone."user" and standing.provider = gone.provider`;

/** What follows from notifications, alone: for a state that is derived anew. */
export function stateStatement(schema: string) {
  const count: Count = { parameters: 0 };
  const parts = [
    ...derived.map((table) => `${table}_written as (${insertText(schema, table, count)})`),
    `registrations_gone as (${deleteText(schema, count)})`,
  ];
  return prepare<string[], unknown>(`writeState_${schema}`, `with ${parts.join(',\n')} select 1`);
}

/**
 * Blocks, their events, what follows from them, and the cursor; readers that wait are woken. Nothing at all happens
 * where the cursor is no longer where it was, or somebody has changed the tables meanwhile: then it answers no row.
 */
export const blocksStatement = (() => {
  const count: Count = { parameters: 0 };
  const [height, hash, generation] = [next(count), next(count), next(count)];
  const [newHeight, newHash, newTime] = [next(count), next(count), next(count)];
  const tables = ['blocks', 'events', ...derived] as const;
  const parts = [
    `moved as (
      update cursor set height = ${newHeight}::integer, hash = ${newHash}, time = ${newTime}::timestamptz
      where height = ${height}::integer and hash = ${hash} and generation = ${generation}::integer returning 1)`,
    ...tables.map((table) => `${table}_written as (${insertText('public', table, count, ', moved')})`),
    `registrations_gone as (${deleteText('public', count, ', moved')})`,
    `digests_written as (
      insert into digests (height, ${digestedTables.join(', ')})
      select ${newHeight}::integer, ${digestedTables.map(() => next(count)).join(', ')} from moved)`,
    `digests_gone as (
      delete from digests using moved where height = ${height}::integer and height % ${DIGEST_EVERY} <> 0)`,
  ];
  const text = `with ${parts.join(',\n')} select pg_notify('krypton_head', ${newHeight}::integer::text) from moved`;
  return prepare<unknown[], unknown>('writeBlocks', text);
})();

type Row = Readonly<Record<string, Field>>;

/** Rows of a table that come in parts, as the parameters that they become. What they were made of is not kept. */
type Rows = { add(rows: readonly Row[]): void; parameters(): string[] };

function rowsOf(table: Written): Rows {
  const list = (columns[table] as readonly Column[]).map(([name, , form = plain]) => ({
    field: camelCase(name),
    form,
    pieces: [] as string[],
  }));
  return {
    add: (rows) => {
      if (rows.length > 0) for (const { field, form, pieces } of list) pieces.push(form.piece(rows, field));
    },
    parameters: () => list.map(({ form, pieces }) => form.whole(pieces)),
  };
}

function parametersOf(table: Written, rows: readonly Row[]): string[] {
  const all = rowsOf(table);
  all.add(rows);
  return all.parameters();
}

const camelCase = (name: string): string => name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());

/** Parameters of `stateStatement`. */
export const stateParameters = (settlements: readonly Settlement[], changes: Changes): string[] => [
  ...keyed.flatMap((table) => parametersOf(table, changes[table] as readonly Row[])),
  ...parametersOf('settlements', settlements),
  ...goneParameters(changes),
];

const goneParameters = ({ unregistered }: Changes): string[] =>
  ['user', 'provider'].map((field) => plain.whole([plain.piece(unregistered, field)]));

/** What is to be written by one `blocksStatement`: it comes in parts, and is kept as the text that is sent. */
export type Page = {
  add(blocks: readonly Block[], events: readonly PlacedEvent[], settlements: readonly Settlement[]): void;
  /** The statement's parameters behind the positions. */
  parameters(changes: Changes): string[];
};

export function openPage(): Page {
  const [blockRows, eventRows, settlementRows] = [rowsOf('blocks'), rowsOf('events'), rowsOf('settlements')];
  return {
    add: (blocks, events, settlements) => {
      blockRows.add(
        blocks.map(({ height, hash, previousHash, time }) => ({ height, hash, previousHash, time: new Date(time) })),
      );
      eventRows.add(
        events.map(({ height, position, txHash, ordinal, event, payload }) => {
          return { height, position, txHash, ordinal, name: event.name, payload, escrowId: escrowOf(event) };
        }),
      );
      settlementRows.add(settlements);
    },
    parameters: (changes) => [
      ...blockRows.parameters(),
      ...eventRows.parameters(),
      ...keyed.flatMap((table) => parametersOf(table, changes[table] as readonly Row[])),
      ...settlementRows.parameters(),
      ...goneParameters(changes),
      ...digestedTables.map((table) => digestText(changes.digests[table])),
    ],
  };
}
