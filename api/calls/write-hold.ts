import { sql } from 'kysely';
import type { Database } from '../../database/connection.ts';
import { prepare } from '../../database/prepared.ts';
import type { Hold } from '../../protocol/call/permission.ts';
import type { Terms } from '../../protocol/call/price.ts';
import type { Address } from '../../protocol/types/address.ts';
import { expiryOf } from '../signature/nonces.ts';
import type { Verified } from '../signature/verify.ts';

export type PricedHold = {
  provider: Address;
  escrowId: bigint;
  hold: Hold;
  terms: Terms;
  entry: string | null;
  tariffHash: string | null;
};

export type Written =
  | 'written'
  /** Somebody else was promised something out of the escrow meanwhile, or a call of it was rated. */
  | 'overtaken'
  | 'nonceReplayed';

/**
 * Writes a hold down if the promises of its escrow are still those that it was decided by; with it, in the same
 * statement, the nonce of the request is used up where it is given. Two that decided by the same version can't both be
 * written: the second waits for the row of the first, and finds that it has moved.
 */
export async function writeHold(
  db: Database,
  { provider, escrowId, hold, terms, entry, tariffHash }: PricedHold,
  version: bigint,
  nonce: Verified | null,
): Promise<Written> {
  const { callId, heldFrom, seconds, amount, holdUntil } = hold;
  const { ratePerSecond, feePerCall, initialIncrement, increment } = terms;
  const values: HoldValues = [
    provider,
    callId,
    escrowId,
    heldFrom,
    seconds,
    amount,
    holdUntil,
    ratePerSecond,
    feePerCall,
    initialIncrement,
    increment,
    tariffHash,
    entry,
    version,
  ];
  const rows = nonce
    ? await writeOnce(db, ...values, nonce.publicKey, nonce.nonce, expiryOf(nonce))
    : await writeAgain(db, ...values);
  const [{ used, held }] = rows as [Outcome];
  if (!used) return 'nonceReplayed';
  return held ? 'written' : 'overtaken';
}

type Outcome = { used: boolean; held: boolean };
type HoldValues = [
  provider: string,
  callId: string,
  escrowId: bigint,
  heldFrom: Date,
  seconds: number,
  amount: bigint,
  holdUntil: Date,
  ratePerSecond: bigint,
  feePerCall: bigint,
  initialIncrement: number,
  increment: number,
  tariffHash: string | null,
  entry: string | null,
  version: bigint,
];

const writeText = (used: string) => `
  with used as (${used}),
  begun as (
    insert into hold_versions (escrow_id, version)
    select $3::bigint, 1 where $14::bigint = 0 and exists (select from used)
    on conflict do nothing returning true),
  moved as (
    update hold_versions set version = version + 1
    where escrow_id = $3 and version = $14 and exists (select from used) returning true),
  held as (
    insert into holds (provider, call_id, escrow_id, held_from, seconds, amount, hold_until, rate_per_second,
      fee_per_call, initial_increment, increment, tariff_hash, entry)
    select $1::text, $2::text, $3::bigint, $4::timestamptz, $5::integer, $6::bigint, $7::timestamptz, $8::bigint,
      $9::bigint, $10::integer, $11::integer, $12::text, $13::text
    where exists (select from begun) or exists (select from moved)
    on conflict (provider, call_id) do update set escrow_id = excluded.escrow_id, held_from = excluded.held_from,
      seconds = excluded.seconds, amount = excluded.amount, hold_until = excluded.hold_until,
      rate_per_second = excluded.rate_per_second, fee_per_call = excluded.fee_per_call,
      initial_increment = excluded.initial_increment, increment = excluded.increment,
      tariff_hash = excluded.tariff_hash, entry = excluded.entry
      -- its CDR came meanwhile: it is over
      where holds.cdr_id is null
    returning true)
  select exists (select from used) as used, exists (select from held) as held`;

const writeAgain = prepare<HoldValues, Outcome>('write_hold_again', writeText('select true'));
const writeOnce = prepare<[...HoldValues, keyId: string, nonce: string, expiresAt: Date], Outcome>(
  'write_hold_once',
  writeText(`insert into request_nonces (key_id, nonce, expires_at) values ($15, $16, $17)
    on conflict do nothing returning true`),
);

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
