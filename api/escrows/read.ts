import { type Escrow, HISTORY_IN_LISTS } from '../../protocol/api/escrows.ts';
import type { Address } from '../../protocol/types/address.ts';
import { presentEvent, type StoredEvent } from '../events/present.ts';
import { askByKey, askPast, askState, instant } from '../http/state.ts';
import { pastEscrows, untilThen } from './past.ts';

/** A day of claims every two minutes; all of it stands in `settlements`. */
const HISTORY_OF_ONE = 1_000;

export type EscrowFilter = {
  user?: Address | undefined;
  provider?: Address | undefined;
  state?: Escrow['state'] | undefined;
};

/** Times as JSON has them, until they are brought to milliseconds. */
type StoredHistory = Omit<StoredEvent, 'time'> & { time: string };
/** An escrow as Postgres writes it, money as text. */
export type StoredEscrow = Omit<Escrow, 'history'> & { history: StoredHistory[] };

/**
 * Of the row `escrows`; its newest events, the oldest first, where `isShown`. Each event's block is looked up by its key.
 */
const escrowJson = (historyLimit: number, isShown = 'true') => `json_build_object(
  'id', escrows.id, 'user', escrows."user", 'provider', escrows.provider, 'state', escrows.state,
  'amount', escrows.amount::text, 'spent', escrows.spent::text, 'refunded', escrows.refunded::text,
  'ratePerSecond', escrows.rate_per_second::text, 'feePerCall', escrows.fee_per_call::text,
  'increment', escrows.increment, 'maxParallel', escrows.max_parallel, 'openedAt', escrows.opened_at,
  'endsAt', escrows.ends_at, 'claimDeadline', escrows.claim_deadline, 'voucherKey', escrows.voucher_key,
  'seq', escrows.seq, 'seconds', escrows.seconds, 'calls', escrows.calls,
  'history', (
    select coalesce(json_agg(json_build_object('name', name, 'height', height, 'txHash', tx_hash, 'payload', payload,
      'time', (select time from blocks where blocks.height = newest.height)) order by height, position), '[]')
    from (select name, height, position, tx_hash, payload from events where events.escrow_id = escrows.id and ${isShown}
      order by height desc, position desc limit ${historyLimit}) as newest))`;

/** Null: there was none up to this block. */
export const askEscrow = askByKey<number, StoredEscrow | null>(
  'read_escrow',
  'bigint',
  `select ${escrowJson(HISTORY_OF_ONE)} from escrows where id = given.key`,
);

/** Null: there was none up to that block. */
export const askPastEscrow = askPast<number, StoredEscrow | null>(
  'read_past_escrow',
  'bigint',
  `select ${escrowJson(HISTORY_OF_ONE, untilThen)} from (${pastEscrows('own.id = given.key')}) as escrows`,
);

type Page = { limit: number; before: number | undefined };

/**
 * The newest first, from below `before` on. Each combination of filters is a statement of its own: one for all of them
 * would use no index.
 */
export function askEscrows({ user, provider, state }: EscrowFilter, { limit, before }: Page) {
  const filters = [
    ['user', '"user" =', user],
    ['provider', 'provider =', provider],
    ['state', 'state =', state],
    ['before', 'id <', before],
  ] as const;
  const given = filters.filter(([, , value]) => value !== undefined);
  const conditions = given.map(([, condition], i) => `${condition} $${i + 2}`);
  return {
    ask: askState<unknown[], StoredEscrow[]>(
      `read_escrows_${given.map(([name]) => name).join('_')}`,
      `select coalesce(json_agg(escrow order by id desc), '[]') from (
        select id, ${escrowJson(HISTORY_IN_LISTS)} as escrow from escrows
        where ${['true', ...conditions].join(' and ')} order by id desc limit $1::integer) as page`,
    ),
    values: [limit, ...given.map(([, , value]) => value)],
  };
}

/** Those that are not closed, of the user `given.key`. */
export const openEscrowsJson = (limit: number) => `
  select coalesce(json_agg(escrow order by id desc), '[]') from (
    select id, ${escrowJson(HISTORY_IN_LISTS)} as escrow from escrows
    where "user" = given.key and state <> 'closed' order by id desc limit ${limit}) as newest`;

/** The same as of `given.height`. */
export const pastOpenEscrowsJson = (limit: number) => `
  select coalesce(json_agg(escrow order by id desc), '[]') from (
    select id, ${escrowJson(HISTORY_IN_LISTS, untilThen)} as escrow
    from (${pastEscrows('own."user" = given.key and terms.refunded is null')}) as escrows
    order by id desc limit ${limit}) as newest`;

export function presentEscrow(stored: StoredEscrow): Escrow {
  return {
    ...stored,
    openedAt: instant(stored.openedAt),
    endsAt: instant(stored.endsAt),
    claimDeadline: instant(stored.claimDeadline),
    history: stored.history.map((event) => presentEvent({ ...event, time: new Date(event.time) })),
  };
}
