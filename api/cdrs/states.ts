import { sql } from 'kysely';
import type { Database } from '../../database/connection.ts';
import type { Logger } from '../../process/run.ts';
import type { CdrEvent } from '../../protocol/api/events.ts';
import { wordsOfStored } from '../../protocol/call/reasons.ts';
import type { Address } from '../../protocol/types/address.ts';
import type { TxHash } from '../../protocol/types/hash.ts';
import type { Entry, Source } from '../events/feed.ts';
import { isUsersOwn } from './read.ts';
import { createStateHorizon } from './state-horizon.ts';

export type StateFilter = { party: Address; escrowId?: number | undefined };

/** `user`: null where the call is not one of the user's own escrows. */
export type CdrEntry = Entry & { provider: Address; user: Address | null; escrowId: number };

/**
 * Asked so often while somebody reads, about 0.1 ms each time. A NOTIFY with each change would cost more: Postgres lets
 * transactions that notify commit one after the other only, and these are the ones that take CDRs in.
 */
const CHECK_MS = 250;
/** So many ids are looked through at a time for those of one party: some 50 ms. */
const IDS_AT_A_TIME = 20_000n;

export const cdrSource = (db: Database, log: Logger): Source<CdrEntry, StateFilter> => ({
  what: 'CDR states',
  checkMs: CHECK_MS,
  idOf: (key) => String(key),
  matches: ({ provider, user, escrowId }, filter) =>
    (provider === filter.party || user === filter.party) &&
    (filter.escrowId === undefined || escrowId === filter.escrowId),
  findHorizon: createStateHorizon(db, log),
  read: async ({ after, upTo, limit }, filter) => {
    const end = filter && after + IDS_AT_A_TIME < upTo ? after + IDS_AT_A_TIME : upTo;
    const { rows } = await sql<Row>`
      select states.id as key, states.cdr_id, states.state, states.reason_code, states.price, states.amount, states.at,
        cdrs.provider, cdrs.user, cdrs.call_id, cdrs.escrow_id, ${isUsersOwn} as is_users_own,
        claims.seq, claims.cdr_root, claims.tx_hash,
        -- as in GET /v1/cdrs: a rejected call has no price
        ratings.explanation is not null as is_priced
      from cdr_states as states
        join cdrs on cdrs.id = states.cdr_id
        left join claims on claims.id = states.claim_id
        left join ratings on ratings.cdr_id = states.cdr_id
      where states.id > ${after} and states.id <= ${end}
        ${filter ? sql`and (cdrs.provider = ${filter.party} or cdrs.user = ${filter.party})` : sql``}
      order by states.id limit ${limit}`.execute(db);
    const last = rows.at(-1);
    return { entries: rows.map(toEntry), reached: last && rows.length === limit ? last.key : end };
  },
});

type Row = {
  key: bigint;
  cdrId: bigint;
  state: CdrEvent['state'];
  reasonCode: string | null;
  price: bigint | null;
  amount: bigint | null;
  at: Date;
  provider: Address;
  user: Address;
  callId: string;
  escrowId: bigint;
  isUsersOwn: boolean;
  seq: bigint | null;
  cdrRoot: string | null;
  txHash: TxHash | null;
  isPriced: boolean;
};

function toEntry(row: Row): CdrEntry {
  const { key, provider, user, state, reasonCode, seq, cdrRoot } = row;
  const escrowId = Number(row.escrowId);
  const event: CdrEvent = {
    id: Number(row.cdrId),
    provider,
    user,
    callId: row.callId,
    escrowId,
    state,
    reason: reasonCode === null ? null : wordsOfStored(reasonCode),
    reasonCode,
    price: row.isPriced ? (row.price?.toString() ?? null) : null,
    paid: state === 'settled' ? (row.amount?.toString() ?? null) : null,
    claim: seq === null || cdrRoot === null ? null : { seq: Number(seq), cdrRoot },
    txHash: row.txHash,
    at: row.at.toISOString(),
  };
  return { key, name: 'cdr', data: JSON.stringify(event), provider, user: row.isUsersOwn ? user : null, escrowId };
}
