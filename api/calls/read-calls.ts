import type { Database } from '../../database/connection.ts';
import { prepare } from '../../database/prepared.ts';
import { deckPriceOf, type PriceColumns, priceColumns } from '../../database/prices.ts';
import type { AskedCall } from '../../protocol/api/calls.ts';
import { type CallPrice, priceFor } from '../../protocol/call/call-price.ts';
import { lookUpOf } from '../../protocol/call/deck-index.ts';
import { type Destination, destinationOf } from '../../protocol/call/destination.ts';
import type { PermissionEscrow, PermissionInput } from '../../protocol/call/permission.ts';
import type { Address } from '../../protocol/types/address.ts';
import { type Datoshi, datoshi } from '../../protocol/types/datoshi.ts';
import { Refusal } from '../http/problem.ts';
import { expiryOf } from '../signature/nonces.ts';
import type { Verified } from '../signature/verify.ts';

/** All that a permission depends on, as of one moment. */
export type CallView = {
  escrowId: bigint | null;
  /** Of the escrow's promises: a decision holds as long as it has not moved. */
  version: bigint;
  height: number;
  input: PermissionInput;
};

type EscrowColumns = {
  escrowId: bigint | null;
  state: PermissionEscrow['state'];
  amount: bigint;
  spent: bigint;
  escrowRate: bigint;
  escrowFee: bigint;
  escrowIncrement: number;
  maxParallel: number;
  endsAt: Date;
  voucherKey: string | null;
};
/** Of the call's own hold; all null where it has none. */
type OwnColumns = {
  heldFrom: Date | null;
  heldSeconds: number;
  heldAmount: bigint;
  holdUntil: Date;
  heldRate: bigint;
  heldFee: bigint;
  heldInitial: number;
  heldFurther: number;
  heldTariff: string | null;
  heldEntry: string | null;
};
type Row = PriceColumns &
  EscrowColumns &
  OwnColumns & {
    now: Date;
    isFresh: boolean;
    height: number;
    version: bigint;
    isOver: boolean;
    running: number;
    promised: bigint;
    least: bigint;
    unsettled: bigint;
    voucherTotal: bigint;
  };

/** A question, and the nonce of its request where that is not used up yet. */
export type Question = { provider: Address; asked: AskedCall; nonce: Verified | null };

/** One whose CDR came keeps its money until that is rated, however long it takes. */
const isLive = '(cdr_id is not null or hold_until > now())';

export const askCalls = prepare<
  [
    providers: string[],
    callIds: string[],
    users: string[],
    escrowIds: (number | null)[],
    prefixes: string[],
    keyIds: (string | null)[],
    nonces: (string | null)[],
    expiries: (Date | null)[],
  ],
  Row
>(
  'read_calls',
  `with given as (
    select * from unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::text[], $6::text[], $7::text[],
      $8::timestamptz[]) with ordinality
      as given (provider, call_id, "user", escrow_id, prefixes, key_id, nonce, expires_at, place)),
  -- in one order, so that nobody waits for each other
  used as (
    insert into request_nonces (key_id, nonce, expires_at)
    select key_id, nonce, expires_at from given where nonce is not null order by key_id, nonce
    on conflict do nothing returning key_id, nonce),
  -- one provider asks for many calls
  decks as (
    select asking.provider, found.* from (select distinct provider from given) as asking
      left join lateral deck_in_force(asking.provider, now()) as found on true)
  select now() as now, cursor.height, ${priceColumns},
    given.nonce is null or exists (select from used where used.key_id = given.key_id and used.nonce = given.nonce)
      as is_fresh,
    chosen.id as escrow_id, chosen.state, chosen.amount, chosen.spent, chosen.rate_per_second as escrow_rate,
    chosen.fee_per_call as escrow_fee, chosen.increment as escrow_increment, chosen.max_parallel, chosen.ends_at,
    chosen.voucher_key,
    own.held_from, own.seconds as held_seconds, own.amount as held_amount, own.hold_until,
    own.rate_per_second as held_rate, own.fee_per_call as held_fee,
    own.initial_increment as held_initial, own.increment as held_further, own.tariff_hash as held_tariff,
    own.entry as held_entry,
    coalesce((select version from hold_versions where escrow_id = chosen.id), 0) as version,
    exists (select from cdrs where cdrs.provider = given.provider and cdrs.call_id = given.call_id) as is_over,
    others.running, others.promised, others.least,
    -- what calls cost that were handed in; of claims, those whose answer the index has not seen yet
    ((select coalesce(sum(price), 0) from ratings
        where ratings.escrow_id = chosen.id and ratings.state = 'rated' and price > 0)
      + (select coalesce(sum(claims.amount), 0) from claims
        where claims.escrow_id = chosen.id and claims.state in ('sealed', 'accepted') and claims.seq >= chosen.seq)
    )::bigint as unsettled,
    greatest(0, (select total from vouchers where vouchers.escrow_id = chosen.id),
      (select max(voucher_total) from ratings where ratings.escrow_id = chosen.id and voucher_total is not null)
    ) as voucher_total
  from given
  join cursor on true
  -- the write of the holds waits for the disk, and what was written before it is on it by then
  cross join (select set_config('synchronous_commit', 'off', true)) as without_waiting
  -- limit 1, here and below: each question looks its rows up by the index, however many are asked at a time
  left join lateral (
    select * from holds
    where holds.provider = given.provider and holds.call_id = given.call_id and ${isLive} limit 1) as held on true
  -- that of the call's hold, that which was asked for, or the open one with the most left
  left join lateral (
    select * from escrows
    where escrows.provider = given.provider and escrows."user" = given."user"
      and escrows.id = coalesce(held.escrow_id, given.escrow_id, (
        select id from escrows as each
        where each."user" = given."user" and each.provider = given.provider
          and each.state = 'open' and each.ends_at > now()
        order by amount - spent desc, id limit 1)) limit 1) as chosen on true
  left join lateral (select held.* where held.escrow_id = chosen.id) as own on true
  left join lateral (
    select count(*) filter (where cdr_id is null)::integer as running, coalesce(sum(amount), 0)::bigint as promised,
      -- no more than what is held
      coalesce(sum(fee_per_call + rate_per_second * initial_increment), 0)::bigint as least
    from holds
    where escrow_id = chosen.id and ${isLive}
      and not (provider = given.provider and call_id = given.call_id)) as others on true
  join decks as deck on deck.provider = given.provider
  left join lateral deck_entry(deck.deck_id, string_to_array(given.prefixes, ',')) as entry on true
  order by given.place`,
);

/**
 * Uses up the nonces and reads what each permission depends on: one statement, and so one snapshot. Null: the nonce was
 * used before. The time is that of Postgres: servers whose clocks differ agree on which holds are over.
 * @throws Refusal indexNotReady
 */
export async function readCalls(db: Database, questions: readonly Question[]): Promise<(CallView | null)[]> {
  const destinations = questions.map(({ asked: { direction, destination } }) =>
    destinationOf({ direction, to: destination }),
  );
  const rows = await askCalls(
    db,
    questions.map(({ provider }) => provider),
    questions.map(({ asked }) => asked.callId),
    questions.map(({ asked }) => asked.user),
    questions.map(({ asked }) => asked.escrowId ?? null),
    destinations.map((destination) => lookUpOf(destination).prefixes.join(',')),
    questions.map(({ nonce }) => nonce?.publicKey ?? null),
    questions.map(({ nonce }) => nonce?.nonce ?? null),
    questions.map(({ nonce }) => nonce && expiryOf(nonce)),
  );
  if (rows.length !== questions.length) throw new Refusal('indexNotReady', 'the index has no block yet');
  const spent = new Set<string>();
  return rows.map((row, i) => {
    const { asked, nonce } = questions[i] as Question;
    const isFresh = row.isFresh && (nonce === null || !spent.has(`${nonce.publicKey} ${nonce.nonce}`));
    if (nonce) spent.add(`${nonce.publicKey} ${nonce.nonce}`);
    return isFresh ? viewOf(row, asked.callId, destinations[i] as Destination) : null;
  });
}

function viewOf(row: Row, callId: string, destination: Destination): CallView {
  const { now, height, version, isOver, unsettled, running, promised, least } = row;
  const escrow = row.escrowId === null ? null : escrowOf(row);
  const found = deckPriceOf(row, destination);
  const price = priceOfHold(row) ?? (escrow === null ? noPrice : priceFor(found, escrow));
  const others = { running, promised, least };
  const input = { callId, isOver, escrow, price, unsettled, own: ownOf(row, callId), others, now };
  return { escrowId: row.escrowId, version, height, input };
}

/** Nobody asks for a price where there is nobody to pay it. */
const noPrice: CallPrice = { kind: 'noTariff', tariffHash: '' };

function escrowOf(row: Row): PermissionEscrow {
  const { state, amount, spent, escrowRate, escrowFee, escrowIncrement, maxParallel, endsAt } = row;
  return {
    state,
    amount,
    spent,
    ratePerSecond: escrowRate,
    feePerCall: escrowFee,
    increment: escrowIncrement,
    maxParallel,
    endsAt,
    voucherKey: row.voucherKey,
    voucherTotal: row.voucherTotal,
  };
}

function ownOf(row: OwnColumns, callId: string): PermissionInput['own'] {
  const { heldFrom, heldSeconds, heldAmount, holdUntil } = row;
  if (heldFrom === null) return null;
  return { callId, heldFrom, seconds: heldSeconds, amount: heldAmount as Datoshi, holdUntil };
}

/** A call keeps the price that it began with. */
function priceOfHold(row: OwnColumns): CallPrice | null {
  if (row.heldFrom === null) return null;
  const terms = {
    ratePerSecond: datoshi(row.heldRate),
    feePerCall: datoshi(row.heldFee),
    initialIncrement: row.heldInitial,
    increment: row.heldFurther,
  };
  return { kind: 'priced', terms, entry: row.heldEntry, tariffHash: row.heldTariff };
}
