import type { Database } from '../../database/connection.ts';
import { prepare } from '../../database/prepared.ts';
import { deckPriceOf, type PriceColumns, priceColumns } from '../../database/prices.ts';
import type { AskedCall } from '../../protocol/api/calls.ts';
import { type CallPrice, priceFor } from '../../protocol/call/call-price.ts';
import { lookUpOf } from '../../protocol/call/deck-index.ts';
import { destinationOf } from '../../protocol/call/destination.ts';
import type { PermissionEscrow, PermissionInput } from '../../protocol/call/permission.ts';
import type { Address } from '../../protocol/types/address.ts';
import { type Datoshi, datoshi } from '../../protocol/types/datoshi.ts';
import { Refusal } from '../http/problem.ts';

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
  isHandedIn: boolean;
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
    height: number;
    version: bigint;
    isOver: boolean;
    running: number;
    promised: bigint;
    unsettled: bigint;
    voucherTotal: bigint;
  };

/** One whose CDR came keeps its money until that is rated, however long it takes. */
const isLive = '(cdr_id is not null or hold_until > now())';

const select = prepare<
  [provider: string, callId: string, user: string, escrowId: number | null, prefixes: string[]],
  Row
>(
  'read_call',
  `with own as (select * from holds where provider = $1 and call_id = $2 and ${isLive}),
  -- that of the call's hold, that which was asked for, or the open one with the most left
  chosen as (
    select * from escrows
    where provider = $1 and "user" = $3
      and id = coalesce((select escrow_id from own), $4::bigint, (
        select id from escrows
        where "user" = $3 and provider = $1 and state = 'open' and ends_at > now()
        order by amount - spent desc, id limit 1)))
  select now() as now, cursor.height, ${priceColumns},
    chosen.id as escrow_id, chosen.state, chosen.amount, chosen.spent, chosen.rate_per_second as escrow_rate,
    chosen.fee_per_call as escrow_fee, chosen.increment as escrow_increment, chosen.max_parallel, chosen.ends_at,
    chosen.voucher_key,
    own.held_from, own.seconds as held_seconds, own.amount as held_amount, own.hold_until,
    own.cdr_id is not null as is_handed_in, own.rate_per_second as held_rate, own.fee_per_call as held_fee,
    own.initial_increment as held_initial, own.increment as held_further, own.tariff_hash as held_tariff,
    own.entry as held_entry,
    coalesce((select version from hold_versions where escrow_id = chosen.id), 0) as version,
    exists (select from cdrs where provider = $1 and call_id = $2) as is_over,
    others.running, others.promised,
    -- what calls cost that were handed in; of claims, those whose answer the index has not seen yet
    ((select coalesce(sum(price), 0) from ratings
        where ratings.escrow_id = chosen.id and ratings.state = 'rated' and price > 0)
      + (select coalesce(sum(claims.amount), 0) from claims
        where claims.escrow_id = chosen.id and claims.state in ('sealed', 'accepted') and claims.seq >= chosen.seq)
    )::bigint as unsettled,
    greatest(0, (select total from vouchers where vouchers.escrow_id = chosen.id),
      (select max(voucher_total) from ratings where ratings.escrow_id = chosen.id and voucher_total is not null)
    ) as voucher_total
  from cursor
  left join chosen on true
  left join own on own.escrow_id = chosen.id
  left join lateral (
    select count(*) filter (where cdr_id is null)::integer as running, coalesce(sum(amount), 0)::bigint as promised
    from holds where escrow_id = chosen.id and ${isLive} and not (provider = $1 and call_id = $2)) as others on true
  left join lateral deck_in_force($1, now()) as deck on true
  left join lateral deck_entry(deck.deck_id, $5::text[]) as entry on true`,
);

/**
 * One statement, and so one snapshot. The time is that of Postgres: servers whose clocks differ agree on which holds
 * are over. @throws Refusal indexNotReady
 */
export async function readCall(db: Database, provider: Address, asked: AskedCall): Promise<CallView> {
  const { callId, user, escrowId = null } = asked;
  const destination = destinationOf({ direction: asked.direction, to: asked.destination });
  const [row] = await select(db, provider, callId, user, escrowId, lookUpOf(destination).prefixes);
  if (!row) throw new Refusal('indexNotReady', 'the index has no block yet');
  const { now, height, version, isOver, unsettled, running, promised } = row;
  const escrow = row.escrowId === null ? null : escrowOf(row);
  const found = deckPriceOf(row, destination);
  const price = priceOfHold(row) ?? (escrow === null ? noPrice : priceFor(found, escrow));
  const others = { running, promised };
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
  const { heldFrom, heldSeconds, heldAmount, holdUntil, isHandedIn } = row;
  if (heldFrom === null) return null;
  return { callId, heldFrom, seconds: heldSeconds, amount: heldAmount as Datoshi, holdUntil, isHandedIn };
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
