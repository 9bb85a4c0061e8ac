import { CamelCasePlugin, Kysely, PostgresDialect, sql } from 'kysely';
import pino from 'pino';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { askHolds } from '../api/calls/find-holds.ts';
import { askCalls } from '../api/calls/read-calls.ts';
import { insertHolds } from '../api/calls/write-holds.ts';
import { findCdrs, readCdr } from '../api/cdrs/read.ts';
import { insertCdrs, insertNewCdrs } from '../api/cdrs/take.ts';
import { standingCdrs } from '../api/cdrs/write.ts';
import { askEscrow, askEscrows, askPastEscrow } from '../api/escrows/read.ts';
import { askProvider, askProviders } from '../api/providers/read.ts';
import { askTransaction, askTransactions } from '../api/settlements/read.ts';
import { askNewestRegistration, askPastUser, askUser } from '../api/users/read.ts';
import { createDatabase, createPool, type Database } from '../database/connection.ts';
import { migrate } from '../database/migrate.ts';
import type { DB } from '../database/types.ts';
import { createKey } from '../protocol/sign/key.ts';
import { scriptHashOfBytes } from '../protocol/types/hash.ts';
import { findCandidates } from '../settler/candidates.ts';
import { acceptClaims } from '../settler/confirm.ts';
import { rateCdrs } from '../settler/intake.ts';
import { note } from '../settler/notes.ts';
import { park, parkUnknown } from '../settler/park.ts';
import { findUnrated } from '../settler/recover.ts';
import { createNotServed } from '../settler/served.ts';
import { createTestDatabase, type TestDatabase } from './harness/postgres.ts';

/**
 * Plans as Postgres makes them of a table of a million rows that it knows nothing about yet: a server that was filled a
 * moment ago, before the first `analyze`. It takes a table's size from its pages: 150,000 rows that are spread over the
 * pages of ten times as many look the same to it.
 */
const ROWS = 150_000;
const SPREAD = 10;
const large = ['escrows', 'events', 'blocks', 'settlements', 'registrations', 'cdrs', 'ratings', 'holds', 'providers'];
/** What an equality of which nothing is known is taken for, out of a million: half a percent. Anything more is wide. */
const WIDE = 10_000;

let database: TestDatabase;
let db: Database;
const [provider, user] = [createKey(), createKey()];

beforeAll(async () => {
  database = await createTestDatabase();
  await migrate(database.url);
  db = createDatabase(database.url);
  for (const table of large)
    await sql.raw(`alter table ${table} set (autovacuum_enabled = false, fillfactor = ${SPREAD})`).execute(db);
  await db.transaction().execute(async (tx) => {
    await sql`set local session_replication_role = replica`.execute(tx); // without triggers: they have rows of their own
    for (const statement of rows) await sql.raw(statement).execute(tx);
    for (const table of large) await sql.raw(`alter table ${table} set (fillfactor = 100)`).execute(tx);
  });
}, 120_000);
afterAll(async () => {
  await db.destroy();
  await database.drop();
});

const address = (what: string) => `'N${what}' || lpad(n::text, 32, '0')`;
const series = `from generate_series(1, ${ROWS}) as n`;
const rows = [
  `insert into cursor values (true, 1, 'c', 0, ${ROWS}, 'h', now())`,
  `insert into blocks select n, 'h' || n, '', now() ${series}`,
  `insert into providers (provider, location, deployed_at) select ${address('p')}, 'sip' || n, now() ${series}`,
  `insert into registrations select ${address('u')}, ${address('p')}, gen_random_uuid(), now(), n, 0 ${series}`,
  `insert into escrows (id, "user", provider, state, amount, rate_per_second, fee_per_call, increment, max_parallel,
    opened_at, ends_at, claim_deadline)
    select n, ${address('u')}, ${address('p')}, 'open', 1000, 1, 1, 60, 9, now(), now(), now() ${series}`,
  `insert into events select n, 0, '0x' || n, 0, 'EscrowSettled', '{}', n ${series}`,
  `insert into settlements select n, 0, '0x' || n, now(), n, 0, ${address('p')}, ${address('u')}, true, null, 1, 1, 1, 'x'
    ${series}`,
  `insert into cdrs (provider, call_id, escrow_id, "user", direction, "from", "to", started_at, answered_at, ended_at,
    disposition, sip_status, content_hash, salt)
    select ${address('p')}, 'c' || n, n, ${address('u')}, 'outbound', '1', '2', now(), now(), now(), 'answered', 200, '',
      decode(md5(n::text), 'hex') ${series}`,
  `insert into ratings (cdr_id, escrow_id, state, price, reason_code) select id, escrow_id, 'rated', 1, 'tooSmall' from cdrs`,
  `insert into holds select ${address('p')}, 'c' || n, n, now(), 60, 1, now(), 1, 1, 60, 60 ${series}`,
];

const explain = async (text: string) =>
  (await sql.raw<Explained>(`explain (generic_plan, format json) ${text}`).execute(db)).rows;

test('Postgres takes the tables for as large as they are meant to be, and what is wide is found', async () => {
  for (const table of large) {
    const [{ 'QUERY PLAN': [{ Plan: plan } = {}] = [] } = {}] = await explain(`select from ${table}`);
    expect(plan?.['Plan Rows'], table).toBeGreaterThan(500_000);
  }
  for (const text of [
    `select from cdrs where "user" = $1`,
    'select from cdrs where received_at > now()',
    'select from ratings join cdrs on cdrs.id = cdr_id where price = 0',
    'select from settlements where provider = $1 or "user" = $1 limit 1',
    'select max(time) from blocks',
  ])
    expect(wideScans(await explain(text)), text).not.toEqual([]);
});

const page = { limit: 51, before: undefined };
const place = { limit: 51, before: { height: 7, position: 7 } };
const list = { limit: 50, sort: 'address', state: 'deployed', q: undefined, priced: null, after: undefined } as const;
const account = provider.address;

test.each([
  ['a permission is asked', askCalls],
  ['holds are written', insertHolds],
  ['holds of a provider', askHolds],
  ['CDRs are taken', insertCdrs],
  ['new CDRs are taken', insertNewCdrs],
  ['the newest registration', askNewestRegistration],
  ['a user', askUser],
  ['an escrow', askEscrow],
  ['a user as of an earlier block', askPastUser],
  ['an escrow as of an earlier block', askPastEscrow],
  ['escrows', askEscrows({}, page).ask],
  ['escrows of a user', askEscrows({ user: account }, page).ask],
  ['escrows of a provider, a later page', askEscrows({ provider: account }, { limit: 51, before: 7 }).ask],
  ['a provider', askProvider],
  ['providers', askProviders(list).ask],
  ['providers, a later page', askProviders({ ...list, after: ['', ''] }).ask],
  ['providers by location, downwards', askProviders({ ...list, sort: '-location', after: ['', ''] }).ask],
  ['a transaction', askTransaction],
  ['transactions', askTransactions({}, { limit: 51 }).ask],
  ['transactions, a later page', askTransactions({}, place).ask],
  ['transactions of a provider', askTransactions({ provider: account }, place).ask],
  ['transactions of a user', askTransactions({ user: account }, place).ask],
])('%s: by index alone', async (_, { text }) => {
  expect(wideScans(await explain(text))).toEqual([]);
});

/** As the services compose them, with what they ask for. */
test.each<[string, (db: Database) => Promise<unknown>]>([
  ['what stands under callIds', (asked) => standingCdrs(asked, account, ['c1', 'c2'])],
  ['a CDR', (asked) => readCdr(asked, 7, account)],
  ['CDRs of a party', (asked) => findCdrs(asked, user.address, {}, { limit: 51, before: undefined })],
  ['what is not rated yet', (asked) => findUnrated({ db: asked }, 0n)],
  ['CDRs that are rated', (asked) => rateCdrs({ db: asked, network: 1, contract }, [1n, 2n])],
  ['claims that the chain has accepted', (asked) => acceptClaims(asked, [1n, 2n])],
  ['escrows to claim from', (asked) => findCandidates({ ...settler, db: asked }).next()],
  ['claims that nobody knows, and calls of parked escrows', (asked) => parkUnknown({ db: asked, log: pino() })],
  ['an escrow that is parked', (asked) => park({ db: asked, log: pino({ level: 'silent' }) }, 7n, 'why')],
  ['calls that no settler claims', (asked) => createNotServed({ ...settler, db: asked, providers: [account] })()],
  [
    'calls that are told why they wait',
    (asked) => note({ db: asked }, { waiting: [{ cdrId: 7n, reason: 'tooSmall' }] }),
  ],
])('%s: by index alone', async (_, ask) => {
  const asked: { sql: string; parameters: readonly unknown[] }[] = [];
  const pool = createPool(database.url, undefined, { max: 1 });
  const recorded = new Kysely<DB>({
    dialect: new PostgresDialect({ pool }),
    plugins: [new CamelCasePlugin({ maintainNestedObjectKeys: true })],
    log: ({ query }) => void asked.push(query),
  });
  await ask(recorded);
  const statements = asked.filter((each) => /^\s*(select|with|insert|update|delete|\()/i.test(each.sql));
  expect(statements.length).toBeGreaterThan(0);
  for (const { sql: text, parameters } of statements) {
    const { rows: plan } = await pool.query<Explained>(`explain (format json) ${text}`, [...parameters]);
    expect(wideScans(plan), text).toEqual([]);
  }
  await recorded.destroy();
});

const contract = scriptHashOfBytes(new Uint8Array(20));
const settler = { network: 1, contract, signer: provider, providers: null, resting: new Map<bigint, number>() };

type Plan = {
  'Node Type': string;
  'Relation Name'?: string;
  'Index Cond'?: string;
  'Index Name'?: string;
  Filter?: string;
  'Plan Rows': number;
  Plans?: Plan[];
};
type Explained = { 'QUERY PLAN': { Plan: Plan }[] };

/** Scans of a large table, but for those that an index begins, and those that a limit ends. */
function wideScans(explained: readonly Explained[]): string[] {
  return explained.flatMap((each) => each['QUERY PLAN'].flatMap(({ Plan }) => within(Plan, false)));
}

function within(plan: Plan, isLimited: boolean): string[] {
  const { 'Node Type': type, 'Relation Name': table = '', 'Index Cond': condition, Plans = [] } = plan;
  const isScan = / Scan$/.test(type) && large.includes(table);
  const isBitmap = type === 'Bitmap Heap Scan'; // its index scans are below it, without the table's name
  const isShort = condition !== undefined || isBitmap || (isLimited && type.startsWith('Index'));
  const isWide = isScan && (!isShort || (!isLimited && plan['Plan Rows'] > WIDE));
  // a sort needs all of its rows before the first
  const limitsBelow = type === 'Limit' || (isLimited && !/Sort$|Aggregate|Hash/.test(type));
  return [
    ...(isWide
      ? [`${type} of ${table}, ${plan['Plan Rows']} rows, ${condition ?? plan.Filter ?? 'no condition'}`]
      : []),
    ...Plans.flatMap((each) => within(each, limitsBelow)),
  ];
}
