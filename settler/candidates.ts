import { sql } from 'kysely';
import { isVoucherValid, type Voucher } from '../protocol/sign/voucher.ts';
import { bytesOfHex } from '../protocol/types/bytes.ts';
import { datoshi } from '../protocol/types/datoshi.ts';
import { closedBy } from './closing.ts';
import type { Deps } from './deps.ts';
import { withDue } from './due.ts';
import type { EscrowView } from './plan.ts';
import type { Escrow } from './rate.ts';

/** An escrow with calls that were not claimed yet, and what is needed to claim them. */
export type Candidate = EscrowView & { voucher: Voucher | null };

/** Calls of one claim: its Merkle tree is built in memory, and its proofs stay short. */
const CALLS_PER_CLAIM = 5_000;

/** An escrow that had nothing to claim is looked at again after this, or sooner where the policy has shorter times. */
const REST_MS = 60_000;
/** Time for the index to learn what the chain knows. */
const REJECTED_REST_MS = 5_000;
/** Escrows that are looked at together: each costs two small queries. */
const ESCROWS_PER_PAGE = 100;

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
  for (let after: Page | undefined; ; ) {
    const page: Page[] = await readPage(deps, after);
    for (const { authorised, headTime, closedBy, ...escrow } of page) {
      if (seen.has(escrow.id) || resting.has(escrow.id)) continue;
      seen.add(escrow.id);
      yield {
        escrow,
        authorised,
        headTime,
        closedBy,
        ...(await readCalls(db, escrow)),
        ...(await readVoucher(deps, escrow)),
      };
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

/**
 * The calls were rated for this very escrow: on a devnet that lost blocks, another one may have got its id. Asked in
 * two steps, each by one index: joined, they are a nested loop over all CDRs of the provider until Postgres has
 * gathered statistics.
 */
async function readCalls(db: Deps['db'], { id, user, provider }: Escrow): Promise<Pick<EscrowView, 'calls' | 'more'>> {
  const rows = await db
    .selectFrom('ratings')
    .select(['cdrId', 'billableSeconds as seconds', 'price', 'ratedAt', 'tariffHash'])
    .where('escrowId', '=', id)
    .where('state', '=', 'rated')
    .where('price', '>', 0n)
    .orderBy('cdrId')
    .limit(CALLS_PER_CLAIM)
    .execute();
  const cdrs = await db
    .selectFrom('cdrs')
    .select('id')
    .where('id', '=', sql<bigint>`any(${rows.map(({ cdrId }) => cdrId)})`)
    .where('user', '=', user)
    .where('provider', '=', provider)
    .execute();
  const own = new Set(cdrs.map((cdr) => cdr.id));
  const calls = rows.filter(({ cdrId }) => own.has(cdrId)).map((row) => ({ ...row, price: datoshi(row.price) }));
  return { calls, more: rows.length === CALLS_PER_CLAIM };
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
