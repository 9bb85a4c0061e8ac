import { randomBytes } from 'node:crypto';
import type { Database } from '../../database/connection.ts';
import { hasSqlState, sqlState } from '../../database/errors.ts';
import { prepare } from '../../database/prepared.ts';
import type { Address } from '../../protocol/types/address.ts';
import { expiryOf } from '../signature/nonces.ts';
import type { Verified } from '../signature/verify.ts';
import { MAX_REJECTED_PER_DAY, MAX_WAITING_PER_ESCROW, MAX_WITHOUT_DECK, type Room } from './admit.ts';
import { MAX_CORRECTIONS } from './judge.ts';
import type { Candidate } from './submitted.ts';

/** What a provider hands in by one request. */
export type Submission = {
  provider: Address;
  verified: Verified;
  candidates: readonly Candidate[];
  /** Of all its items, also of those that are of no right form. */
  escrowIds: readonly number[];
};

/** A CDR that is new. */
type Taken = [provider: Address, callId: string, corrects: number | null, id: string];
type Row = Room & { isFresh: boolean; taken: Taken[] | null };

/** Where the request has room, by `refuseFull`. */
const hasRoom = `is_fresh and is_provider and coalesce(rejected, 0) < ${MAX_REJECTED_PER_DAY}
  and without_deck <= ${MAX_WITHOUT_DECK} and "full" = '{}'`;

/** What is given of each CDR, as an array of its own: Postgres reads these sooner than JSON. */
const given = {
  place: 'integer',
  call_id: 'text',
  escrow_id: 'bigint',
  user: 'text',
  direction: 'text',
  from: 'text',
  to: 'text',
  started_at: 'timestamptz',
  answered_at: 'timestamptz',
  ended_at: 'timestamptz',
  disposition: 'text',
  sip_status: 'integer',
  hangup_by: 'text',
  voucher_total: 'bigint',
  voucher_signature: 'text',
  corrects: 'bigint',
  content_hash: 'text',
  salt: 'text',
} as const;
type Given = Record<keyof typeof given, string | number | null | undefined>;
const givenNames = Object.keys(given) as (keyof Given)[];
const FIRST_GIVEN = 7;
const givenArrays = givenNames.map((name, i) => `$${FIRST_GIVEN + i}::${given[name]}[]`).join(', ');
const givenColumns = givenNames.map((name) => `"${name}"`).join(', ');

const columns = `provider, call_id, escrow_id, "user", direction, "from", "to", started_at, answered_at, ended_at,
  disposition, sip_status, hangup_by, voucher_total, voucher_signature, corrects, content_hash, salt`;

type Parameters = [
  keyIds: string[],
  nonces: string[],
  expiries: Date[],
  providers: string[],
  namedBy: number[],
  named: number[],
  ...cdrs: string[],
];

const takeText = (onConflict: string) => `with request as (
    select * from unnest($1::text[], $2::text[], $3::timestamptz[], $4::text[]) with ordinality
      as request (key_id, nonce, expires_at, provider, place)),
  -- in one order, so that nobody waits for each other
  used as (
    insert into request_nonces (key_id, nonce, expires_at)
    select key_id, nonce, expires_at from request order by key_id, nonce
    on conflict do nothing returning key_id, nonce),
  named as (select * from unnest($5::integer[], $6::bigint[]) as named (place, escrow_id)),
  admitted as materialized (
    select place, provider,
      exists (select from used where used.key_id = request.key_id and used.nonce = request.nonce) as is_fresh,
      -- also one that was undeployed: its open escrows can still be claimed
      exists (select from providers where providers.provider = request.provider) as is_provider,
      (select calls from provider_rejections
        where provider_rejections.provider = request.provider and day = (now() at time zone 'UTC')::date) as rejected,
      -- counts one more than the bound at most
      (select count(*) from (select from deck_waits where deck_waits.provider = request.provider
        limit ${MAX_WITHOUT_DECK + 1}) as without_deck) as without_deck,
      array(select escrow_id from named where named.place = request.place and ${MAX_WAITING_PER_ESCROW} < (
        select count(*) from (select from ratings
          where ratings.escrow_id = named.escrow_id and state = 'rated' and price > 0
          limit ${MAX_WAITING_PER_ESCROW + 1}) as waiting)) as "full"
    from request),
  taken as (
    insert into cdrs (${columns})
    select admitted.provider, given.call_id, given.escrow_id, given."user", direction, "from", "to", started_at,
      answered_at, ended_at, disposition, sip_status, hangup_by, voucher_total, voucher_signature, given.corrects,
      decode(content_hash, 'hex'), decode(salt, 'hex')
    from unnest(${givenArrays}) with ordinality as given (${givenColumns}, ordinal)
    join admitted on admitted.place = given.place and ${hasRoom}
    where given.corrects is null or (
      -- once a rating says that a CDR will never be paid, it says so for ever: there is nothing to lock
      exists (select from cdrs as corrected join ratings on ratings.cdr_id = corrected.id
        where corrected.id = given.corrects and corrected.provider = admitted.provider
          and corrected.call_id = given.call_id and is_never_paid(ratings.state, ratings.price))
      and (select count(*) from cdrs as earlier
        where earlier.provider = admitted.provider and earlier.call_id = given.call_id) <= ${MAX_CORRECTIONS})
    -- two requests with the same ones wait for each other instead of locking each other out; of two of one call in
    -- them, the one that was sent first stands
    order by admitted.provider collate "C", given.call_id collate "C", ordinal
    ${onConflict}
    returning provider, call_id, corrects, id)
  select is_fresh, is_provider, rejected, without_deck, "full",
    case when place = 1 then (select json_agg(json_build_array(provider, call_id, corrects, id::text)) from taken) end
      as taken
  from admitted order by place`;

/** Fails as a whole where the first CDR of a call, or the correction of this one, stands already. */
export const insertNewCdrs = prepare<Parameters, Row>('take_new_cdrs', takeText(''));
export const insertCdrs = prepare<Parameters, Row>(
  'take_cdrs',
  takeText('on conflict (provider, call_id, corrects) do nothing'),
);

/**
 * Uses the nonces up and commits what is new, each request's where it has room: one statement, one commit. Answers each
 * request's room, and the ids of what is new by its place.
 */
export async function takeCdrs(db: Database, submissions: readonly Submission[]) {
  const parameters: Parameters = [
    submissions.map(({ verified }) => verified.publicKey),
    submissions.map(({ verified }) => verified.nonce),
    submissions.map(({ verified }) => expiryOf(verified)),
    submissions.map(({ provider }) => provider),
    submissions.flatMap(({ escrowIds }, i) => escrowIds.map(() => i + 1)),
    submissions.flatMap(({ escrowIds }) => escrowIds),
    ...arraysOf(rowsOf(submissions)),
  ];
  const rows = await insertMostlyNew(db, parameters);
  const taken = rows[0]?.taken ?? [];
  const ids = new Map(
    taken.map(([provider, callId, corrects, id]) => [placeOf(provider, { callId, corrects }), BigInt(id)]),
  );
  return { rooms: rows, ids };
}

/** Nearly always all are new. To be ready for one that is not takes Postgres a sixth more time for each of them. */
async function insertMostlyNew(db: Database, parameters: Parameters): Promise<Row[]> {
  try {
    return await insertNewCdrs(db, ...parameters);
  } catch (error) {
    if (!hasSqlState(error, sqlState.uniqueViolation)) throw error;
    return insertCdrs(db, ...parameters);
  }
}

/** One CDR stands in a place: as the first of its provider's call, or as the correction of another one. */
export const placeOf = (
  provider: Address,
  { callId, corrects }: { callId: string; corrects?: number | null | undefined },
): string => `${provider} ${callId} ${corrects ?? ''}`;

/** As Postgres writes arrays: like JSON, but for the brackets, as no text of a CDR holds a control character. */
const arraysOf = (rows: readonly Given[]): string[] =>
  givenNames.map((name) => `{${JSON.stringify(rows.map((row) => row[name] ?? null)).slice(1, -1)}}`);

const SALT_BYTES = 16;

function rowsOf(submissions: readonly Submission[]): Given[] {
  const count = submissions.reduce((sum, { candidates }) => sum + candidates.length, 0);
  // drawn together: to ask for each costs more than to make it
  const salts = randomBytes(SALT_BYTES * count).toString('hex');
  let at = 0;
  const nextSalt = () => {
    at += 2 * SALT_BYTES;
    return salts.slice(at - 2 * SALT_BYTES, at);
  };
  return submissions.flatMap(({ candidates }, i) => candidates.map((each) => rowOf(i + 1, each, nextSalt())));
}

function rowOf(place: number, { content, hash }: Candidate, salt: string): Given {
  return {
    place,
    call_id: content.callId,
    escrow_id: content.escrowId,
    user: content.user,
    direction: content.direction,
    from: content.from,
    to: content.to,
    started_at: content.startedAt,
    answered_at: content.answeredAt,
    ended_at: content.endedAt,
    disposition: content.disposition,
    sip_status: content.sipStatus,
    hangup_by: content.hangupBy,
    voucher_total: content.voucher?.total,
    voucher_signature: content.voucher?.signature,
    corrects: content.corrects,
    content_hash: hash,
    salt,
  };
}
