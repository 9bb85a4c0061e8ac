import { sql } from 'kysely';
import type { Database } from '../../database/connection.ts';
import type { Address } from '../../protocol/types/address.ts';
import type { Entry, Source } from './feed.ts';
import { presentEvent, type StoredEvent } from './present.ts';

export type EventFilter = { provider?: Address | undefined; user?: Address | undefined; escrow?: number | undefined };

export type ChainEntry = Entry & { providers: unknown[]; users: unknown[]; escrowId: number | null };

/** LISTEN makes it sooner; this is for an announcement that got lost with its connection. */
const CHECK_MS = 15_000;

/** A key is a height and a place in its block; place 0 is the block's beginning, before its first event. */
const PLACE_BITS = 31n;

export const beginOf = (height: number): bigint => BigInt(height) << PLACE_BITS;
const keyOf = (height: number, position: number): bigint => beginOf(height) + BigInt(position) + 1n;
const heightOf = (key: bigint): number => Number(key >> PLACE_BITS);
/** -1: the block's beginning. */
const positionOf = (key: bigint): number => Number(key & ((1n << PLACE_BITS) - 1n)) - 1;

/** `105.2`: an event; `106`: all blocks before this one. On a chain that lost blocks, the newest loss stands behind. */
export function formatChainId(key: bigint, rollback: bigint): string {
  const place = positionOf(key) < 0 ? `${heightOf(key)}` : `${heightOf(key)}.${positionOf(key)}`;
  return rollback === 0n ? place : `${place}-${rollback}`;
}

export type ChainPlace = { key: bigint; rollback: bigint };

/** The largest integer of the table's columns. */
const MAX_INTEGER = 0x7fff_ffff;

/** null where it is no id that we ever gave. */
export function parseChainId(id: string): ChainPlace | null {
  const [, height, position, rollback = '0'] = /^(\d{1,10})(?:\.(\d{1,10}))?(?:-(\d{1,18}))?$/.exec(id) ?? [];
  if (height === undefined || Number(height) > MAX_INTEGER || Number(position ?? 0) >= MAX_INTEGER) return null;
  const key = position === undefined ? beginOf(Number(height)) : keyOf(Number(height), Number(position));
  return { key, rollback: BigInt(rollback) };
}

export const chainSource = (db: Database): Source<ChainEntry, EventFilter> => ({
  what: 'chain events',
  checkMs: CHECK_MS,
  idOf: formatChainId,
  matches: matchesEvent,
  findHorizon: async () => {
    const { rows } = await sql<{ height: number; rollback: bigint }>`
      select height, coalesce((select max(id) from rollbacks), 0) as rollback from cursor`.execute(db);
    const [row] = rows;
    return row ? { newest: beginOf(row.height + 1), generation: row.rollback, isPending: false } : null;
  },
  read: async ({ after, upTo, limit }, filter) => {
    type Row = StoredEvent & { position: number; escrowId: bigint | null; user: Address; provider: Address };
    const { rows } = await sql<Row>`
      select events.height, position, name, payload, tx_hash, escrow_id, time, escrows.user, escrows.provider
      from events join blocks using (height) left join escrows on escrows.id = escrow_id
      where (events.height, position) > (${heightOf(after)}, ${positionOf(after)}) and events.height < ${heightOf(upTo)}
        ${filter?.escrow === undefined ? sql`` : sql`and escrow_id = ${filter.escrow}`}
      order by events.height, position limit ${limit}`.execute(db);
    const entries = rows.map((row): ChainEntry => {
      const { name, height, position, payload, escrowId, user, provider } = row;
      return {
        key: keyOf(height, position),
        name,
        data: JSON.stringify({ ...presentEvent(row), position }),
        providers: [payload.provider, payload.account, provider],
        users: [payload.user, payload.account, user],
        escrowId: escrowId === null ? null : Number(escrowId),
      };
    });
    const last = entries.at(-1);
    return { entries, reached: last && entries.length === limit ? last.key : upTo };
  },
});

/** An event is an account's where it is named in it, also as whoever deposits or withdraws, or where its escrow is. */
function matchesEvent(entry: ChainEntry, { provider, user, escrow }: EventFilter): boolean {
  return (
    (provider === undefined || entry.providers.includes(provider)) &&
    (user === undefined || entry.users.includes(user)) &&
    (escrow === undefined || entry.escrowId === escrow)
  );
}

export type Resumed = { start: bigint; rollback: bigint; lostAbove: number | null };

/**
 * Where a reader goes on. Events that the chain has lost since the reader saw them are told by the height that is left.
 * null: the chain has never been there.
 */
export async function resumeChain(db: Database, { key, rollback }: ChainPlace): Promise<Resumed | null> {
  const { rows } = await sql<{ height: number; newest: bigint; lowest: number | null }>`
    select height, coalesce((select max(id) from rollbacks), 0) as newest,
      (select min(height) from rollbacks where id > ${rollback}) as lowest
    from cursor`.execute(db);
  const [row] = rows;
  if (!row || rollback > row.newest) return null;
  const { height, newest, lowest } = row;
  if (lowest !== null && key > beginOf(lowest + 1))
    return { start: beginOf(lowest + 1), rollback: newest, lostAbove: lowest };
  return key > beginOf(height + 1) ? null : { start: key, rollback: newest, lostAbove: null };
}

export async function readRollback(db: Database): Promise<bigint> {
  const { rows } = await sql<{ rollback: bigint }>`select coalesce(max(id), 0) as rollback from rollbacks`.execute(db);
  return rows[0]?.rollback ?? 0n;
}
