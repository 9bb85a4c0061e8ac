import { askEscrow } from '../api/escrows/read.ts';
import { askProviders } from '../api/providers/read.ts';
import { askTransactions } from '../api/settlements/read.ts';
import { askNewestRegistration, askUser } from '../api/users/read.ts';
import { destinationOf } from '../protocol/call/destination.ts';
import { type Contender, compare, type Row, type Size } from './compare.ts';
import { type Amounts, type Filled, fillIndex } from './index-rows.ts';
import { encode, fire } from './load.ts';
import { inWorld, type Server } from './world.ts';

const CONNECTIONS = 32;
const LIMIT = 50;
/** Of a server that has run for some seconds: what compiles beside it is no cost of an answer. */
const WARM_UP = 3;

const sizes: Record<Size, Amounts & { requests: number; rounds: number }> = {
  full: { users: 20_000, providers: 1_000, settlements: 100_000, requests: 3_000, rounds: 5 },
  short: { users: 200, providers: 20, settlements: 500, requests: 30, rounds: 1 },
};

/** A request, and the values that its prepared query has; keys as an array of one. */
type Asked = { path: string; values: readonly unknown[] };
type Read = { what: string; text: string; of: (n: number, filled: Filled) => Asked };

const at = <T>(list: readonly T[], n: number) => list[n % list.length] as T;
const cursorOf = (key: readonly unknown[]) => Buffer.from(JSON.stringify(key)).toString('base64url');
const page = { limit: LIMIT, sort: 'address', state: 'deployed', q: undefined, priced: null } as const;

const search = (dest: string) => {
  const destination = destinationOf({ direction: 'outbound', to: dest || '+1' });
  return askProviders({
    ...page,
    sort: 'price',
    after: undefined,
    priced: { destination, ms: 60_000, at: new Date() },
  });
};

const reads: Record<string, Read> = {
  query: {
    what: '`GET /query/location`',
    text: askNewestRegistration.text,
    of: (n, { users }) => ({ path: `/query/location/${at(users, n)}`, values: [`{${at(users, n)}}`] }),
  },
  users: {
    what: '`GET /v1/users/{address}`',
    text: askUser.text,
    of: (n, { users }) => ({ path: `/v1/users/${at(users, n)}`, values: [`{${at(users, n)}}`] }),
  },
  escrows: {
    what: '`GET /v1/escrows/{id}`',
    text: askEscrow.text,
    of: (n, { users }) => ({ path: `/v1/escrows/${1 + (n % users.length)}`, values: [`{${1 + (n % users.length)}}`] }),
  },
  settlements: {
    what: '`GET /v1/settlements`, pages of 50',
    text: askTransactions({}, { limit: LIMIT + 1, before: { height: 1, position: 1 } }).ask.text,
    of: (n, { users }) => {
      const height = 80 + (n % users.length);
      return { path: `/v1/settlements?cursor=${cursorOf([height, 0])}`, values: [LIMIT + 1, height, 0] };
    },
  },
  providers: {
    what: '`GET /v1/providers`, pages of 50',
    text: askProviders({ ...page, after: ['', ''] }).ask.text,
    of: (n, { providers }) => {
      const after = at(providers, n);
      return { path: `/v1/providers?cursor=${cursorOf([after, after])}`, values: [LIMIT + 1, after, after] };
    },
  },
  search: {
    what: '`GET /v1/providers?dest=`, the 50 cheapest',
    text: search('').ask.text,
    of: (n) => {
      const dest = `+${1 + (n % 9)}${n}`;
      return { path: `/v1/providers?dest=${encodeURIComponent(dest)}`, values: search(dest).values };
    },
  },
};

/** Of these, each answer is as large as fifty others. */
const lists: ReadonlySet<string> = new Set(['settlements', 'providers', 'search']);

/** Public reads: what was never asked before, and what was asked since the last block. */
export const measureRead = (name: keyof typeof reads) => (size: Size) =>
  inWorld(async ({ db, postgres, startApi, startCeiling }): Promise<Row[]> => {
    const { requests: most, rounds, ...amounts } = sizes[size];
    const requests = lists.has(name) ? Math.ceil(most / 5) : most;
    const { what, text, of } = reads[name] as Read;
    const filled = await fillIndex(db, amounts);
    const [api, raw, hello] = await Promise.all([startApi(), startCeiling('read', { text }), startCeiling('hello')]);
    let next = 0;
    const shotsOf = ({ url }: Server, path: (n: number) => string) => {
      next += requests;
      return Array.from({ length: requests }, (_, i) => encode(url, { method: 'GET', path: path(next + i) }));
    };
    const contender = (name: string, server: Server, path: (n: number) => string): Contender => ({
      name,
      pid: server.pid,
      run: () => fire(server.url, shotsOf(server, path), CONNECTIONS),
    });
    const ceilings = [
      contender(
        'node:http with the same prepared query',
        raw,
        (n) => `/${encodeURIComponent(JSON.stringify(of(n, filled).values))}`,
      ),
      contender('Hono that says hello', hello, () => '/'),
    ];
    const [first, ...rest] = ceilings as [Contender, ...Contender[]];
    const fresh = contender('never asked before', api, (n) => of(n, filled).path);
    for (let run = 0; run < WARM_UP; run += 1) for (const each of [fresh, ...ceilings]) await each.run();
    const plan = { rounds, requests, postgres };
    const rows = [
      await compare({ ...plan, what: `${what}, never asked before`, asked: asked[name]?.[0] ?? '' }, fresh, [first]),
    ];
    const again = asked[name]?.[1];
    if (again === undefined) return rows;
    const kept = contender('asked since the last block', api, () => of(0, filled).path);
    return [...rows, await compare({ ...plan, what: `${what}, asked since the last block`, asked: again }, kept, rest)];
  });

/** Of the prepared query, and of Hono that says hello. */
const asked: Record<string, [string, string?]> = {
  query: ['0.9', '0.8'],
  users: ['0.8', ''],
  escrows: ['0.8', ''],
  settlements: ['0.8'],
  providers: ['0.8'],
  search: ['0.8'],
};
