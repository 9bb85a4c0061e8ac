import type { Settlement, Transaction } from '../../protocol/api/settlements.ts';
import type { Address } from '../../protocol/types/address.ts';
import type { TxHash } from '../../protocol/types/hash.ts';
import { askByKey, askState, instant } from '../http/state.ts';

export type SettlementFilter = {
  provider?: Address | undefined;
  user?: Address | undefined;
  since?: Date | undefined;
  until?: Date | undefined;
};
/** Where a transaction's first claim (of those asked for) stands on the chain. */
export type Place = { height: number; position: number };

/** A transaction holds up to 512 claims, a page up to 1000 transactions: it ends early rather than grow to 100 MB. */
const MAX_CLAIMS_PER_PAGE = 10_000;

type StoredTransaction = Place & { txHash: TxHash; time: string; claims: Settlement[] };

const claimJson = `json_build_object('escrowId', escrow_id, 'provider', provider, 'user', "user", 'seq', seq,
  'amount', amount::text, 'seconds', seconds, 'calls', calls, 'cdrRoot', cdr_root, 'accepted', accepted, 'code', code)`;

export const askTransaction = askByKey<TxHash, StoredTransaction | null>(
  'read_transaction',
  'text',
  `select json_build_object('txHash', min(tx_hash), 'height', min(height), 'position', min(position),
    'time', min(time), 'claims', json_agg(${claimJson} order by position))
  from settlements where tx_hash = given.key having count(*) > 0`,
);

const conditions = {
  provider: 'provider =',
  user: '"user" =',
  since: 'time >=',
  until: 'time <',
} as const;

/**
 * Transactions, the newest first, each with those of its claims that were asked for. A transaction's claims stand
 * together on the chain: from the newest claim down, the first one of its transaction is looked up, and then the newest
 * before that. So a page costs what is on it. Each combination of filters is a statement of its own.
 */
export function askTransactions(
  filter: SettlementFilter,
  { limit, before }: { limit: number; before?: Place | undefined },
) {
  const given = (Object.keys(conditions) as (keyof typeof conditions)[]).filter((name) => filter[name] !== undefined);
  const asked = ['true', ...given.map((name, i) => `settlements.${conditions[name]} $${i + 2}`)].join(' and ');
  const start = before ? `and (height, position) < ($${given.length + 2}, $${given.length + 3})` : '';
  const newest = (from: string) => `select height, tx_hash from settlements where ${asked} ${from}
    order by height desc, position desc limit 1`;
  const measured = (found: string) => `cross join lateral (
      select min(position) as position, count(*) as claims from settlements
      where settlements.tx_hash = ${found}.tx_hash and ${asked}) as own`;
  const text = `with recursive walked as (
      select 1 as place, found.height, found.tx_hash, own.position, own.claims
      from (${newest(start)}) as found ${measured('found')}
      union all
      select walked.place + 1, found.height, found.tx_hash, own.position, walked.claims + own.claims
      from walked
      cross join lateral (${newest('and (height, position) < (walked.height, walked.position)')}) as found
      ${measured('found')}
      where walked.place < $1::integer and walked.claims <= ${MAX_CLAIMS_PER_PAGE})
    select coalesce(json_agg(json_build_object('txHash', tx_hash, 'height', height, 'position', position, 'time', time,
      'claims', own.claims) order by place), '[]')
    from walked cross join lateral (
      select min(time) as time, json_agg(${claimJson} order by settlements.position) as claims
      from settlements where settlements.tx_hash = walked.tx_hash and ${asked}) as own`;
  const name = ['read_transactions', ...given, ...(before ? ['before'] : [])].join('_');
  return {
    ask: askState<unknown[], StoredTransaction[]>(name, text),
    values: [limit, ...given.map((each) => filter[each]), ...(before ? [before.height, before.position] : [])],
  };
}

/** Of `limit + 1`, those that are shown, and where the next page begins. */
export function pageOfTransactions(
  found: readonly StoredTransaction[],
  limit: number,
): { transactions: Transaction[]; last: Place | null } {
  const shown = fitting(found.slice(0, limit));
  return {
    transactions: shown.map(presentTransaction),
    last: found.length > shown.length ? (shown.at(-1) ?? null) : null,
  };
}

function fitting<T extends { claims: readonly unknown[] }>(rows: T[]): T[] {
  let sum = 0;
  const end = rows.findIndex(({ claims }, i) => {
    sum += claims.length;
    return i > 0 && sum > MAX_CLAIMS_PER_PAGE;
  });
  return end < 0 ? rows : rows.slice(0, end);
}

export const presentTransaction = ({ txHash, height, time, claims }: StoredTransaction): Transaction => ({
  txHash,
  height,
  time: instant(time),
  claims,
});
