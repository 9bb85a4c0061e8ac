import { sql } from 'kysely';
import type { Database } from '../../database/connection.ts';
import { prepare } from '../../database/prepared.ts';
import type { Hold } from '../../protocol/call/permission.ts';
import type { Terms } from '../../protocol/call/price.ts';
import type { Address } from '../../protocol/types/address.ts';

export type PricedHold = {
  provider: Address;
  escrowId: bigint;
  /** Of the escrow's promises that it was decided by. */
  version: bigint;
  hold: Hold;
  terms: Terms;
  entry: string | null;
  tariffHash: string | null;
};

export const insertHolds = prepare<
  [
    providers: string[],
    callIds: string[],
    escrowIds: bigint[],
    versions: bigint[],
    heldFrom: Date[],
    seconds: number[],
    amounts: bigint[],
    holdUntil: Date[],
    rates: bigint[],
    fees: bigint[],
    initial: number[],
    further: number[],
    tariffHashes: (string | null)[],
    entries: (string | null)[],
  ],
  { callId: string; provider: string }
>(
  'write_holds',
  `with given as (
    select * from unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[], $5::timestamptz[], $6::integer[],
      $7::bigint[], $8::timestamptz[], $9::bigint[], $10::bigint[], $11::integer[], $12::integer[], $13::text[],
      $14::text[])
      as given (provider, call_id, escrow_id, version, held_from, seconds, amount, hold_until, rate_per_second,
        fee_per_call, initial_increment, increment, tariff_hash, entry)),
  -- in one order, so that nobody waits for each other
  moved as (
    insert into hold_versions as standing (escrow_id, version)
    select escrow_id, version + 1 from given order by escrow_id
    on conflict (escrow_id) do update set version = excluded.version
      where standing.version = excluded.version - 1
    returning escrow_id)
  insert into holds (provider, call_id, escrow_id, held_from, seconds, amount, hold_until, rate_per_second,
    fee_per_call, initial_increment, increment, tariff_hash, entry)
  select provider, call_id, escrow_id, held_from, seconds, amount, hold_until, rate_per_second, fee_per_call,
    initial_increment, increment, tariff_hash, entry
  from given where escrow_id in (select escrow_id from moved) order by provider, call_id
  on conflict (provider, call_id) do update set escrow_id = excluded.escrow_id, held_from = excluded.held_from,
    seconds = excluded.seconds, amount = excluded.amount, hold_until = excluded.hold_until,
    rate_per_second = excluded.rate_per_second, fee_per_call = excluded.fee_per_call,
    initial_increment = excluded.initial_increment, increment = excluded.increment,
    tariff_hash = excluded.tariff_hash, entry = excluded.entry
    -- its CDR came meanwhile: it is over
    where holds.cdr_id is null
  returning provider, call_id`,
);

/**
 * Writes holds of different escrows down, each if the promises of its escrow are still those that it was decided by.
 * Answers for each whether it stands. Two that were decided by the same version can't both be written: the second waits
 * for the row of the first, and finds that it has moved.
 */
export async function writeHolds(db: Database, holds: readonly PricedHold[]): Promise<boolean[]> {
  const rows = await insertHolds(
    db,
    holds.map(({ provider }) => provider),
    holds.map(({ hold }) => hold.callId),
    holds.map(({ escrowId }) => escrowId),
    holds.map(({ version }) => version),
    holds.map(({ hold }) => hold.heldFrom),
    holds.map(({ hold }) => hold.seconds),
    holds.map(({ hold }) => hold.amount),
    holds.map(({ hold }) => hold.holdUntil),
    holds.map(({ terms }) => terms.ratePerSecond),
    holds.map(({ terms }) => terms.feePerCall),
    holds.map(({ terms }) => terms.initialIncrement),
    holds.map(({ terms }) => terms.increment),
    holds.map(({ tariffHash }) => tariffHash),
    holds.map(({ entry }) => entry),
  );
  const written = new Set(rows.map(({ provider, callId }) => `${provider} ${callId}`));
  return holds.map(({ provider, hold }) => written.has(`${provider} ${hold.callId}`));
}

/** Ends the hold of a call that did not come about; false where it has none, it is over, or its CDR came. */
export async function releaseHold(db: Database, provider: Address, callId: string): Promise<boolean> {
  const released = await db
    .deleteFrom('holds')
    .where('provider', '=', provider)
    .where('callId', '=', callId)
    .where('cdrId', 'is', null)
    .returning(sql<boolean>`hold_until > now()`.as('isLive'))
    .executeTakeFirst();
  return released?.isLive ?? false;
}

/** With SWEEP_MS of the sweeper: so many calls that end without a word in ten seconds are cleared as they come. */
const MAX_ROWS_PER_SWEEP = 10_000;

/** A proxy that was away hands in its CDRs late: what was held for such a call counts again until it is rated. */
const KEPT_FOR_ITS_CDR = sql`interval '1 hour'`;

/** Holds that are over count no more; some time later, they go. */
export async function deleteOverHolds(db: Database): Promise<void> {
  await sql`
    delete from holds where (provider, call_id) in (
      select provider, call_id from holds
      where cdr_id is null and hold_until < now() - ${KEPT_FOR_ITS_CDR}
      order by hold_until limit ${MAX_ROWS_PER_SWEEP} for update skip locked
    )`.execute(db);
}
