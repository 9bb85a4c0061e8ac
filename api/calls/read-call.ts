import { sql } from 'kysely';
import type { Database } from '../../database/connection.ts';
import { prepared } from '../../database/prepared.ts';
import { deckPriceOf, type PriceColumns, priceColumns } from '../../database/prices.ts';
import type { AskedCall } from '../../protocol/api/calls.ts';
import { type CallPrice, priceFor } from '../../protocol/call/call-price.ts';
import { lookUpOf } from '../../protocol/call/deck-index.ts';
import { destinationOf } from '../../protocol/call/destination.ts';
import type { KeptHold, PermissionEscrow, PermissionInput } from '../../protocol/call/permission.ts';
import type { Terms } from '../../protocol/call/price.ts';
import type { Address } from '../../protocol/types/address.ts';
import { datoshi } from '../../protocol/types/datoshi.ts';
import { Refusal } from '../http/problem.ts';

/** All that a permission depends on, as of one moment. */
export type CallView = {
  escrowId: bigint | null;
  /** Of the escrow's promises: a decision holds as long as it has not moved. */
  version: bigint;
  height: number;
  input: PermissionInput;
};

type HoldJson = {
  call_id: string;
  held_from: string;
  seconds: number;
  amount: string;
  hold_until: string;
  is_handed_in: boolean;
  rate_per_second: string;
  fee_per_call: string;
  initial_increment: number;
  increment: number;
  tariff_hash: string | null;
  entry: string | null;
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
type Row = PriceColumns &
  EscrowColumns & {
    now: Date;
    height: number;
    version: bigint;
    isOver: boolean;
    holds: HoldJson[];
    unsettled: bigint;
    voucherTotal: bigint;
  };

/**
 * One statement, and so one snapshot. The time is that of Postgres: servers whose clocks differ agree on which holds
 * are over. @throws Refusal indexNotReady
 */
export async function readCall(db: Database, provider: Address, asked: AskedCall): Promise<CallView> {
  const { callId, user, escrowId } = asked;
  const destination = destinationOf({ direction: asked.direction, to: asked.destination });
  const isLive = sql`(cdr_id is not null or hold_until > now())`;
  const { rows } = await sql<Row>`${prepared('read_call')}
    with own as (select escrow_id from holds where provider = ${provider} and call_id = ${callId} and ${isLive}),
    -- that of the call's hold, that which was asked for, or the open one with the most left
    chosen as (
      select * from escrows
      where provider = ${provider} and "user" = ${user}
        and id = coalesce((select escrow_id from own), ${escrowId ?? null}::bigint, (
          select id from escrows
          where "user" = ${user} and provider = ${provider} and state = 'open' and ends_at > now()
          order by amount - spent desc, id limit 1)))
    select now() as now, cursor.height, ${priceColumns},
      chosen.id as escrow_id, chosen.state, chosen.amount, chosen.spent, chosen.rate_per_second as escrow_rate,
      chosen.fee_per_call as escrow_fee, chosen.increment as escrow_increment, chosen.max_parallel, chosen.ends_at,
      chosen.voucher_key,
      coalesce((select version from hold_versions where escrow_id = chosen.id), 0) as version,
      exists (select from cdrs where provider = ${provider} and call_id = ${callId}) as is_over,
      (select coalesce(json_agg(live), '[]') from (
        select call_id, held_from, seconds, amount::text, rate_per_second::text, fee_per_call::text, initial_increment,
          holds.increment, tariff_hash, entry, hold_until,
          -- its money counts until it is rated, however long that takes
          cdr_id is not null as is_handed_in
        from holds where escrow_id = chosen.id and ${isLive}) as live) as holds,
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
    left join lateral deck_in_force(${provider}, now()) as deck on true
    left join lateral deck_entry(deck.deck_id, ${lookUpOf(destination).prefixes}::text[]) as entry on true`.execute(db);
  const [row] = rows;
  if (!row) throw new Refusal('indexNotReady', 'the index has no block yet');
  const { now, height, version, isOver, unsettled } = row;
  const escrow = row.escrowId === null ? null : escrowOf(row);
  const own = row.holds.find((hold) => hold.call_id === callId);
  const found = deckPriceOf(row, destination);
  const price = own ? priceOfHold(own) : escrow === null ? noPrice : priceFor(found, escrow);
  const input = { callId, isOver, escrow, price, unsettled, holds: row.holds.map(holdOf), now };
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

function holdOf(hold: HoldJson): KeptHold {
  return {
    callId: hold.call_id,
    heldFrom: new Date(hold.held_from),
    seconds: hold.seconds,
    amount: datoshi(BigInt(hold.amount)),
    holdUntil: new Date(hold.hold_until),
    isHandedIn: hold.is_handed_in,
  };
}

function priceOfHold(hold: HoldJson): CallPrice {
  const terms: Terms = {
    ratePerSecond: datoshi(BigInt(hold.rate_per_second)),
    feePerCall: datoshi(BigInt(hold.fee_per_call)),
    initialIncrement: hold.initial_increment,
    increment: hold.increment,
  };
  return { kind: 'priced', terms, entry: hold.entry, tariffHash: hold.tariff_hash };
}
