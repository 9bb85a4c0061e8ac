import type { Hold } from '../../protocol/call/permission.ts';
import type { Terms } from '../../protocol/call/price.ts';
import type { Address } from '../../protocol/types/address.ts';
import { datoshi } from '../../protocol/types/datoshi.ts';
import type { Charge } from './charge.ts';
import type { Store } from './store.ts';

/** The calls of this provider, each a row from its permission to its verdict. */

export type CallState = 'ringing' | 'running' | 'over';

export type Call = {
  callId: string;
  sipCallId: string;
  fromTag: string;
  /** Kamailio's own name for the INVITE or MESSAGE that it began with. */
  request: string;
  /** Who pays, or would: null where it is nobody of ours. */
  user: Address | null;
  method: 'INVITE' | 'MESSAGE';
  direction: 'outbound' | 'inbound';
  from: string;
  to: string;
  state: CallState;
  invitedAt: Date;
  answeredAt: Date | null;
  /** When Kamailio last said that it is under way. */
  seenAt: Date | null;
  /** Kamailio's own name for it: by these it is hung up. */
  dialog: { entry: number; id: number } | null;
  /** Null: it is free. */
  charge: Charge | null;
  /** When sound came from both sides last; null: nobody has looked yet, or there is no rtpengine. */
  mediaAt: Date | null;
  /** A phone's connection is gone since then, without a BYE: it may come back within a grace. */
  lostAt: Date | null;
  /** The last packet of a call whose sound has stopped: it is billed to there. */
  billedUntil: Date | null;
  /** Why we end it. */
  endReason: string | null;
};

type Row = Record<string, string | number | bigint | null | Uint8Array>;

const date = (value: unknown) => (value === null || value === undefined ? null : new Date(Number(value)));
const number = (value: unknown) => (value === null || value === undefined ? null : Number(value));

function callOf(row: Row): Call {
  const [entry, id] = [number(row.dialog_entry), number(row.dialog_id)];
  return {
    callId: String(row.call_id),
    sipCallId: String(row.sip_call_id),
    fromTag: String(row.from_tag),
    request: String(row.request),
    user: row.user as Address | null,
    method: row.method as Call['method'],
    direction: row.direction as Call['direction'],
    from: String(row.from_party),
    to: String(row.to_party),
    state: row.state as CallState,
    invitedAt: new Date(Number(row.invited_at)),
    answeredAt: date(row.answered_at),
    seenAt: date(row.seen_at),
    dialog: entry === null || id === null ? null : { entry, id },
    charge: chargeOf(row),
    mediaAt: date(row.media_at),
    lostAt: date(row.lost_at),
    billedUntil: date(row.billed_until),
    endReason: row.end_reason as string | null,
  };
}

function chargeOf(row: Row): Charge | null {
  if (row.escrow_id === null || row.held_from === null) return null;
  const terms: Terms = {
    ratePerSecond: datoshi(row.rate_per_second as bigint),
    feePerCall: datoshi(row.fee_per_call as bigint),
    initialIncrement: Number(row.initial_increment),
    increment: Number(row.increment),
  };
  const [heldFrom, seconds] = [new Date(Number(row.held_from)), Number(row.held_seconds)];
  const hold: Hold = {
    callId: String(row.call_id),
    heldFrom,
    seconds,
    amount: datoshi(row.held_amount as bigint),
    // A call that is under way holds its money until its record is there, however long that takes.
    holdUntil: END_OF_TIME,
  };
  const { entry, tariff_hash: tariffHash } = row;
  return {
    escrowId: row.escrow_id as bigint,
    terms,
    entry: entry as string | null,
    tariffHash: tariffHash as string | null,
    hold,
  };
}

/** The last moment that a Date can hold. */
const END_OF_TIME = new Date(8_640_000_000_000_000);

export function findCall(store: Store, callId: string): Call | null {
  const row = store.prepare('select * from calls where call_id = ?').get(callId);
  return row ? callOf(row) : null;
}

export const callsUnderWay = (store: Store): Call[] => underWay(store, 'order by invited_at');

export function callIdsUnderWay(store: Store): Set<string> {
  const rows = store.prepare("select call_id from calls where state <> 'over'").all();
  return new Set(rows.map(({ call_id }) => String(call_id)));
}

export const callsAnsweredBefore = (store: Store, time: Date): Call[] =>
  underWay(store, 'and answered_at < ?', time.getTime());

/** Of phones that were cut off by then, and have not come back. */
export const callsLostBefore = (store: Store, time: Date): Call[] =>
  underWay(store, 'and lost_at <= ?', time.getTime());

export const callsOnEscrow = (store: Store, escrowId: bigint): Call[] => underWay(store, 'and escrow_id = ?', escrowId);

/** The same calls' charges alone: each permission asks for them. */
export function chargesOnEscrow(store: Store, escrowId: bigint): Charge[] {
  const rows = store
    .prepare(`select call_id, escrow_id, rate_per_second, fee_per_call, initial_increment, increment, entry, tariff_hash,
        held_from, held_seconds, held_amount
      from calls where state <> 'over' and escrow_id = ?`)
    .all(escrowId);
  return rows.map(chargeOf).filter((charge) => charge !== null);
}

const underWay = (store: Store, more: string, ...values: (number | bigint)[]): Call[] =>
  store
    .prepare(`select * from calls where state <> 'over' ${more}`)
    .all(...values)
    .map(callOf);

/** Out of which something is promised. */
export function escrowsUnderWay(store: Store): bigint[] {
  const rows = store
    .prepare("select distinct escrow_id as id from calls where state <> 'over' and escrow_id > 0")
    .all();
  return rows.map(({ id }) => id as bigint);
}

/** Writes a call that may begin. */
export function insertCall(store: Store, call: Call): void {
  store
    .prepare(`insert into calls
        (call_id, sip_call_id, from_tag, request, user, method, direction, from_party, to_party, state, invited_at,
         escrow_id, rate_per_second, fee_per_call, initial_increment, increment, tariff_hash, entry,
         held_from, held_seconds, held_amount)
      values (?, ?, ?, ?, ?, ?, ?, ?, ?, 'ringing', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`)
    .run(
      call.callId,
      call.sipCallId,
      call.fromTag,
      call.request,
      call.user,
      call.method,
      call.direction,
      call.from,
      call.to,
      call.invitedAt.getTime(),
      ...(call.charge ? valuesOf(call.charge) : noCharge),
    );
}

export function writeCharge(store: Store, callId: string, charge: Charge): void {
  store
    .prepare(`update calls set escrow_id = ?, rate_per_second = ?, fee_per_call = ?, initial_increment = ?, increment = ?,
        tariff_hash = ?, entry = ?, held_from = ?, held_seconds = ?, held_amount = ?
      where call_id = ?`)
    .run(...valuesOf(charge), callId);
}

const valuesOf = ({ escrowId, terms, entry, tariffHash, hold }: Charge) => [
  escrowId,
  terms.ratePerSecond,
  terms.feePerCall,
  terms.initialIncrement,
  terms.increment,
  tariffHash,
  entry,
  hold.heldFrom.getTime(),
  hold.seconds,
  hold.amount,
];
const noCharge = Array.from({ length: 10 }, () => null);

/** What is not known yet of a call that begins. */
export const notYet = {
  answeredAt: null,
  seenAt: null,
  dialog: null,
  mediaAt: null,
  lostAt: null,
  billedUntil: null,
  endReason: null,
} as const satisfies Partial<Call>;

/** We end it: the first reason stands. */
export function noteEnding(store: Store, callId: string, reason: string): void {
  store.prepare('update calls set end_reason = coalesce(end_reason, ?) where call_id = ?').run(reason, callId);
}

/**
 * What calls of this escrow cost that are over, as far as the chain has not paid it: all that was recorded, but for
 * what will never be paid, less what was settled of it.
 */
export function unsettledOf(store: Store, escrowId: bigint, spent: bigint): bigint {
  const row = store
    .prepare(`select coalesce(sum(coalesce(paid, price)), 0) as sum from calls
      where escrow_id = ? and price > 0 and cdr_state is not 'invalid'`)
    .get(escrowId);
  const recorded = row?.sum as bigint;
  const ownSpent = spent - spentElsewhere(store, escrowId);
  return recorded > ownSpent ? recorded - ownSpent : 0n;
}

function spentElsewhere(store: Store, escrowId: bigint): bigint {
  const row = store.prepare('select amount from spent_elsewhere where escrow_id = ?').get(escrowId);
  return (row?.amount ?? 0n) as bigint;
}

/**
 * What was spent while no record of ours waited for its payment, and that none of ours was paid with, was paid for calls
 * that this store does not know: those of a store that was lost, or of another service of this provider. Taken for the
 * payment of our own calls it would be promised twice.
 */
export function noteSpentElsewhere(store: Store, escrowId: bigint, spent: bigint): void {
  const row = store
    .prepare(`select coalesce(sum(paid), 0) as paid, count(*) filter (where cdr_state is not 'settled') as waiting from calls
      where escrow_id = ? and price > 0 and cdr_state is not 'invalid'`)
    .get(escrowId);
  const elsewhere = spent - (row?.paid as bigint);
  if (row?.waiting !== 0n || elsewhere <= spentElsewhere(store, escrowId)) return;
  store
    .prepare('insert into spent_elsewhere values (?, ?) on conflict (escrow_id) do update set amount = excluded.amount')
    .run(escrowId, elsewhere);
}
