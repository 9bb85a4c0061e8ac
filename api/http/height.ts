import type { Context } from 'hono';
import type { Database } from '../../database/connection.ts';
import type { Statement } from '../../database/prepared.ts';
import { heightHeaders } from '../../protocol/api/parameter.ts';
import type { Deps } from '../deps.ts';
import type { Point, Source } from '../kept/kept.ts';
import type { Env } from './env.ts';
import type { Fast, Found } from './fast.ts';
import { createGate } from './gate.ts';
import { requestHeader } from './header.ts';
import { invalid, Refusal } from './problem.ts';
import type { IndexCursor } from './state.ts';

/** Longer than any network's time between blocks; shorter than what proxies give a request. */
const MIN_HEIGHT_LIMIT_MS = 20_000;

/** `variant`: what else the answer says. */
type Asked = { height?: number | undefined; variant?: string };

/**
 * Answers from the chain's state as of one block, which the answer names: the one that is asked for, or the newest.
 * Everything is read in one snapshot, so that the indexer's commits in between do not mix. The ETag changes with the
 * block (and with `variant`).
 */
export async function chainState(
  c: Context,
  deps: Deps,
  read: (db: Database, cursor: IndexCursor) => Promise<Response>,
  { height, variant = '' }: Asked = {},
): Promise<Response> {
  const wanted = await awaitMinHeight(c, deps);
  const transaction = deps.db.transaction().setIsolationLevel('repeatable read').setAccessMode('read only');
  const answer = () =>
    transaction.execute(async (tx) => {
      const cursor = await readCursor(tx, deps);
      if (cursor.height < wanted) throw notReached(wanted);
      const asked = height === undefined ? cursor : await goBack(tx, cursor, height);
      return isNamed(c, asked, variant) ? c.body(null, 304) : read(tx, asked);
    });
  return height === undefined ? answer() : oneByOne(answer);
}

/** What was is summed up on request, which may take long: other questions keep their connections. */
const oneByOne = createGate(1);

/** The cursor as it was at a block. @throws Refusal where the index does not have that one */
async function goBack(db: Database, cursor: IndexCursor, height: number): Promise<IndexCursor> {
  const blocks = db.selectFrom('blocks').select(['height', 'hash', 'time']);
  const block = await blocks.where('height', '=', height).executeTakeFirst();
  if (block) return { ...cursor, ...block };
  throw new Refusal('unknownHeight', `the index has no block ${height}: its newest one is ${cursor.height}`);
}

/** The same as of an earlier block, by one key. What `present` refuses did not exist then. */
export function pastState<K extends string | number, R>(
  c: Context<Env>,
  deps: Deps,
  { ask, key, height }: { ask: Statement<[key: K, height: number], { found: R }>; key: K; height: number },
  present: (found: R) => unknown,
): Promise<Response> {
  const read = async (db: Database) => {
    const [row] = await ask(db, key, height);
    return c.body(JSON.stringify(present(row?.found as R)), 200, jsonType);
  };
  return chainState(c, deps, read, { height });
}

type Ask<R> = (fast: Fast) => Promise<Found<R> | undefined>;

/** The same by one statement. */
export async function askedState<R>(
  c: Context<Env>,
  deps: Deps,
  ask: Ask<R>,
  present: (found: R) => unknown,
): Promise<Response> {
  const { body } = await readState(c, deps, ask, present);
  return body === null ? c.body(null, 304) : c.body(body, 200, jsonType);
}

/**
 * The same for an answer that follows from what the indexer has written, and from nothing else: it is kept until a block
 * changes it. What `present` refuses is not.
 */
export async function keptState<R>(
  c: Context<Env>,
  deps: Deps,
  ask: Ask<R>,
  present: (found: R) => unknown,
  source: Source = 'everything',
): Promise<Response> {
  const target = c.req.method === 'GET' ? (c.env?.incoming?.url ?? '') : '';
  const wanted = await awaitMinHeight(c, deps);
  const point = deps.kept.point();
  const kept = point === null || point.height < wanted ? undefined : deps.kept.find(target);
  if (kept && point) return isNamed(c, point) ? c.body(null, 304) : c.body(bytesOf(kept), 200, jsonType);
  const epoch = deps.kept.epoch(source);
  const { body: text, cursor } = await readState(c, deps, ask, present);
  if (text === null) return c.body(null, 304);
  const body = Buffer.from(text); // one for the answer and for what is kept
  if (target !== '') deps.kept.keep(target, { source, epoch, at: cursor, body });
  return c.body(bytesOf(body), 200, jsonType);
}

/** No body: the reader has that answer. */
async function readState<R>(c: Context<Env>, deps: Deps, ask: Ask<R>, present: (found: R) => unknown) {
  const wanted = await awaitMinHeight(c, deps);
  const row = await ask(deps.fast);
  const cursor = refuseForeign(row, deps);
  if (cursor.height < wanted) throw notReached(wanted);
  return { cursor, body: isNamed(c, cursor) ? null : JSON.stringify(present(cursor.found)) };
}

/** Hono knows a body by its own type of arrays. */
const bytesOf = (body: Buffer) => body as Uint8Array<ArrayBuffer>;

const jsonType = { 'Content-Type': 'application/json' };

/** Names the block in the answer; true: the reader has that answer. */
function isNamed(c: Context, point: Point, variant = ''): boolean {
  const tag = tagOf(point, variant);
  c.header('Krypton-Height', String(point.height));
  c.header('ETag', `W/${tag}`);
  c.header('Cache-Control', 'no-cache');
  return isKnown(requestHeader(c, 'if-none-match'), tag);
}

export const tagOf = ({ height, hash }: Point, variant = '') => `"${height}-${hash.slice(2, 10)}${variant}"`;

const minHeight = heightHeaders.pick({ 'min-height': true });

/** Waits for the block that the request names. @throws Refusal where it does not come in time, or is none */
export async function awaitMinHeight(c: Context, { head }: Deps): Promise<number> {
  const named = requestHeader(c, 'min-height');
  if (named === undefined) return -1;
  const parsed = minHeight.safeParse({ 'min-height': named }); // not every route's headers were parsed before
  if (!parsed.success) throw invalid(parsed.error);
  const wanted = Number(named);
  if (!(await head.reached(wanted, MIN_HEIGHT_LIMIT_MS, c.req.raw.signal))) throw notReached(wanted);
  return wanted;
}

const notReached = (wanted: number) =>
  new Refusal('heightNotReached', `the index has not reached block ${wanted} yet; ask again later`);

/** @throws Refusal where there is no index yet, or one of another chain */
export const readCursor = async (db: Database, deps: Deps): Promise<IndexCursor> =>
  refuseForeign(await db.selectFrom('cursor').selectAll().executeTakeFirst(), deps);

function refuseForeign<C extends IndexCursor>(cursor: C | undefined, { network, contract }: Deps): C {
  if (!cursor) throw new Refusal('indexNotReady', 'the indexer has not written its first block yet');
  if (cursor.contract !== contract || Number(cursor.network) !== network)
    throw new Refusal('indexNotReady', 'the index follows another contract or network than this server is set up for');
  return cursor;
}

/** Weak comparison (RFC 9110, section 13.1.2). */
export function isKnown(ifNoneMatch: string | undefined, tag: string): boolean {
  return ifNoneMatch?.split(',').some((each) => each.trim().replace(/^W\//, '') === tag) ?? false;
}
