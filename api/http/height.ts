import type { Context } from 'hono';
import type { Selectable } from 'kysely';
import type { Database } from '../../database/connection.ts';
import type { Cursor } from '../../database/types.ts';
import { heightHeaders } from '../../protocol/api/parameter.ts';
import type { Deps } from '../deps.ts';
import { requestHeader } from './header.ts';
import { invalid, Refusal } from './problem.ts';

export type IndexCursor = Selectable<Cursor>;

/** Longer than any network's time between blocks; shorter than what proxies give a request. */
const MIN_HEIGHT_LIMIT_MS = 20_000;

/**
 * Answers from the chain's state as of one block, which the answer names: everything is read in one snapshot, so that
 * the indexer's commits in between do not mix. The ETag changes with the block (and with `variant`, what else the
 * answer says).
 */
export async function chainState(
  c: Context,
  deps: Deps,
  read: (db: Database, cursor: IndexCursor) => Promise<Response>,
  variant = '',
): Promise<Response> {
  const wanted = await awaitMinHeight(c, deps);
  const transaction = deps.db.transaction().setIsolationLevel('repeatable read').setAccessMode('read only');
  return transaction.execute(async (tx) => {
    const cursor = await readCursor(tx, deps);
    if (cursor.height < wanted) throw notReached(wanted);
    const tag = `"${cursor.height}-${cursor.hash.slice(2, 10)}${variant}"`;
    c.header('Krypton-Height', String(cursor.height));
    c.header('ETag', `W/${tag}`);
    c.header('Cache-Control', 'no-cache');
    return isKnown(c.req.header('if-none-match'), tag) ? c.body(null, 304) : read(tx, cursor);
  });
}

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
export async function readCursor(db: Database, { network, contract }: Deps): Promise<IndexCursor> {
  const cursor = await db.selectFrom('cursor').selectAll().executeTakeFirst();
  if (!cursor) throw new Refusal('indexNotReady', 'the indexer has not written its first block yet');
  if (cursor.contract !== contract || Number(cursor.network) !== network)
    throw new Refusal('indexNotReady', 'the index follows another contract or network than this server is set up for');
  return cursor;
}

/** Weak comparison (RFC 9110, section 13.1.2). */
function isKnown(ifNoneMatch: string | undefined, tag: string): boolean {
  return ifNoneMatch?.split(',').some((each) => each.trim().replace(/^W\//, '') === tag) ?? false;
}
