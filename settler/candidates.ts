import { sql } from 'kysely';
import { isVoucherValid, type Voucher } from '../protocol/sign/voucher.ts';
import { bytesOfHex } from '../protocol/types/bytes.ts';
import { datoshi } from '../protocol/types/datoshi.ts';
import { closedBy } from './closing.ts';
import type { Deps } from './deps.ts';
import { withDue } from './due.ts';
import type { EscrowView, PayableCall } from './plan.ts';
import type { Escrow } from './rate.ts';

/** An escrow with calls that were not claimed yet, and what is needed to claim them. */
export type Candidate = EscrowView & { voucher: Voucher | null };

/** Calls of one claim: its Merkle tree is built in memory, and its proofs stay short. */
const CALLS_PER_CLAIM = 5_000;

/** An escrow that had nothing to claim is looked at again after this, or sooner where the policy has shorter times. */
const REST_MS = 60_000;
/** Time for the index to learn what the chain knows. */
const REJECTED_REST_MS = 5_000;
/** As many as one transaction takes: to find which are due costs the same for one of them as for all. */
const ESCROWS_PER_PAGE = 512;
/** Escrows whose calls are read together, and so many calls at the most. */
const ESCROWS_AT_A_TIME = 100;
const CALLS_AT_A_TIME = 2 * CALLS_PER_CLAIM;

/**
 * Escrows with calls to claim: those that this settler may claim from first, of them the nearest deadline. Not among
 * them: those with a claim under way, those of which the index has not seen the last claim yet, and those that are
 * parked.
 */
export async function* findCandidates(
  deps: Pick<Deps, 'db' | 'network' | 'contract' | 'signer' | 'providers' | 'resting'>,
): AsyncGenerator<Candidate> {
  const { db, resting } = deps;
  for (const [id, until] of resting) if (until <= Date.now()) resting.delete(id);
  const seen = new Set<bigint>(); // one that moves behind the last page meanwhile comes twice
  let atATime = ESCROWS_AT_A_TIME;
  for (let after: Page | undefined; ; ) {
    const page: Page[] = await readPage(deps, after);
    const fresh = page.filter(({ id }) => !seen.has(id) && !resting.has(id));
    for (const { id } of fresh) seen.add(id);
    while (fresh.length > 0) {
      const calls = await readCalls(db, fresh.slice(0, atATime));
      const some = fresh.splice(0, calls.length);
      // those of too many are sorted, only to be left out again
      atATime = Math.min(ESCROWS_AT_A_TIME, 2 * calls.length);
      const vouchers = await Promise.all(some.map((escrow) => readVoucher(deps, escrow)));
      for (const [i, { authorised, headTime, closedBy, ...escrow }] of some.entries()) {
        const [own, voucher] = [calls[i], vouchers[i]];
        if (own && voucher) yield { escrow, authorised, headTime, closedBy, ...own, ...voucher };
      }
    }
    after = page.at(-1);
    if (page.length < ESCROWS_PER_PAGE) return;
  }
}

/** To look at thousands of calls that must wait takes a while: it shall not hold up the others each round. */
export function letRest({ resting, policy }: Pick<Deps, 'resting' | 'policy'>, escrowId: bigint): void {
  const ms = Math.min(REST_MS, policy.maxAgeMs / 10, policy.beforeDeadlineMs / 10);
  if (ms > 0) resting.set(escrowId, Date.now() + ms);
}

/** What the chain would reject is not tried again at once. */
export function letRejectedRest({ resting }: Pick<Deps, 'resting'>, escrowId: bigint): void {
  resting.set(escrowId, Date.now() + REJECTED_REST_MS);
}

type Page = Escrow & Pick<EscrowView, 'authorised' | 'headTime' | 'closedBy'>;

async function readPage(
  { db, signer, providers }: Pick<Deps, 'db' | 'signer' | 'providers'>,
  after: Page | undefined,
): Promise<Page[]> {
  // only the provider itself or the operator that it named may settle
  const authorised = sql<boolean>`coalesce(${signer.address} in (escrows.provider, providers.operator), false)`;
  const { rows } = await sql<Page>`
    with recursive ${withDue}
    select escrows.*, cursor.time as head_time, ${authorised} as authorised, ${closedBy} as closed_by
    from due
    join escrows on escrows.id = due.escrow_id
    cross join cursor
    -- an undeployed provider has no operator
    left join providers on providers.provider = escrows.provider and undeployed_at is null
    -- the operator chooses whom it serves
    where (${providers === null} or escrows.provider = any(${providers ?? []}))
      and not exists (select from parked_escrows where parked_escrows.escrow_id = escrows.id and reviewed_seq is null)
      -- one claim at a time, and the next one only when the index has the last: its seq must be the chain's
      and not exists (select from claims where claims.escrow_id = escrows.id and claims.state = 'sealed')
      and not exists (select from claims
        where claims.escrow_id = escrows.id and claims.state = 'accepted' and claims.seq >= escrows.seq)
      -- in this same snapshot, every claim that the index has is known: it may have learnt of one since the last check
      and (escrows.seq = 0 or exists (select from claim_checks
        where claim_checks.escrow_id = escrows.id and claim_checks.checked_seq = escrows.seq))
      -- a chain that has lost blocks is looked through first
      and not exists (select from rollbacks, handled_rollbacks where rollbacks.id > handled_rollbacks.rollback_id)
      and ${after ? sql`(not ${authorised}, escrows.claim_deadline, escrows.id) > (${!after.authorised}, ${after.claimDeadline}, ${after.id})` : sql`true`}
    order by not ${authorised}, escrows.claim_deadline, escrows.id
    limit ${ESCROWS_PER_PAGE}`.execute(db);
  return rows;
}

type Calls = Pick<EscrowView, 'calls' | 'more'>;

/**
 * Of as many of the escrows, from the first on, as have not too many calls together. The calls were rated for this very
 * escrow: on a devnet that lost blocks, another one may have got its id. Asked in two steps, each by one index: joined,
 * they are a nested loop over all CDRs of the provider until Postgres has gathered statistics.
 */
async function readCalls(db: Deps['db'], escrows: readonly Escrow[]): Promise<Calls[]> {
  const { rows } = await sql<PayableCall & { place: bigint }>`
    select place, own.*
    from unnest(${escrows.map(({ id }) => id)}::bigint[]) with ordinality as escrow (id, place)
    cross join lateral (
      select cdr_id, billable_seconds as seconds, price, rated_at, tariff_hash from ratings
      where escrow_id = escrow.id and state = 'rated' and price > 0
      order by cdr_id limit ${CALLS_PER_CLAIM}) as own
    order by place, cdr_id limit ${CALLS_AT_A_TIME}`.execute(db);
  const found = Map.groupBy(rows, ({ place }) => Number(place) - 1);
  // where there are more than these, the last one may not have all of its own
  const last = rows.at(-1);
  const complete = rows.length < CALLS_AT_A_TIME || !last ? escrows.length : Number(last.place) - 1;
  const cdrs = await db
    .selectFrom('cdrs')
    .select(['id', 'user', 'provider'])
    .where('id', '=', sql<bigint>`any(${rows.map(({ cdrId }) => cdrId)})`)
    .execute();
  const cdrById = new Map(cdrs.map((cdr) => [cdr.id, cdr]));
  return escrows.slice(0, complete).map(({ user, provider }, i) => {
    const all = found.get(i) ?? [];
    const own = all.filter(({ cdrId }) => {
      const cdr = cdrById.get(cdrId);
      return cdr?.user === user && cdr.provider === provider;
    });
    const calls = own.map(({ place, ...call }) => ({ ...call, price: datoshi(call.price) }));
    return { calls, more: all.length === CALLS_PER_CLAIM };
  });
}

/**
 * The highest valid one: of those that came with CDRs, and the one that was handed in alone. The rating and the API
 * have checked their signatures; on a devnet that lost blocks, another escrow with another key may have got the id.
 */
async function readVoucher(
  { db, network, contract }: Pick<Deps, 'db' | 'network' | 'contract'>,
  { id, user, provider, voucherKey }: Escrow,
): Promise<Pick<Candidate, 'voucher' | 'voucherTotal'>> {
  if (voucherKey === null) return { voucher: null, voucherTotal: datoshi(0n) };
  const { rows } = await sql<{ total: bigint; signature: string }>`
    (select ratings.voucher_total as total, voucher_signature as signature
      from ratings join cdrs on cdrs.id = ratings.cdr_id
      where ratings.escrow_id = ${id} and ratings.voucher_total is not null and cdrs.user = ${user} and cdrs.provider = ${provider}
      order by ratings.voucher_total desc limit 1)
    union all
    select total, signature from vouchers where escrow_id = ${id}
    order by total desc`.execute(db);
  const vouchers = rows.map(({ total, signature }) => ({ total: datoshi(total), signature: bytesOfHex(signature) }));
  const highest = vouchers.find((each) => isVoucherValid(voucherKey, { network, contract, escrowId: id }, each));
  return { voucher: highest ?? null, voucherTotal: highest?.total ?? datoshi(0n) };
}
