import { sql } from 'kysely';
import type { Database } from '../database/connection.ts';
import { findPrices } from '../database/prices.ts';
import { insertRows } from '../database/rows.ts';
import type { DeckPrice } from '../protocol/call/call-price.ts';
import { destinationOf } from '../protocol/call/destination.ts';
import { type RejectedReason, wordsOf, wordsOfMiss } from '../protocol/call/reasons.ts';
import { isVoucherValid } from '../protocol/sign/voucher.ts';
import { bytesOfHex } from '../protocol/types/bytes.ts';
import { datoshi } from '../protocol/types/datoshi.ts';
import type { Deps } from './deps.ts';
import { busyTime } from './parallel.ts';
import { type Cdr, type Escrow, MAX_CLOCK_LEAD_MS, type Rating, rate } from './rate.ts';
import { type RatedCdr, type RatingRow, storeRatings, supersede } from './store-ratings.ts';

/** The escrow of a CDR that waits for its deck may end meanwhile. */
const DECK_RETRY_MS = 60_000;

/**
 * Rates CDRs that were committed and have no rating yet; those that the index can't judge yet are left as they are. Two
 * settlers may rate the same CDR: both come to the same rating, and one of them is stored. Answers how many were rated.
 */
export async function rateCdrs(
  deps: Pick<Deps, 'db' | 'network' | 'contract'>,
  cdrIds: readonly bigint[],
): Promise<number> {
  const { db } = deps;
  const head = await db.selectFrom('cursor').select('time').executeTakeFirst();
  if (!head) return 0; // the indexer has not begun
  const cdrs = await db
    .selectFrom('cdrs')
    .selectAll()
    .where('id', '=', sql<bigint>`any(${[...cdrIds]})`)
    .where(({ not, exists, selectFrom }) =>
      not(exists(selectFrom('ratings').select('cdrId').whereRef('cdrId', '=', 'cdrs.id'))),
    )
    .where(isOfNow(head.time))
    .orderBy('id')
    .execute();
  if (cdrs.length === 0) return 0;
  await supersede(db, cdrs);
  const escrowIds = [...new Set(cdrs.map((cdr) => cdr.escrowId))];
  const escrows = escrowIds.length
    ? await db.selectFrom('escrows').selectAll().where('id', '=', sql<bigint>`any(${escrowIds})`).execute()
    : [];
  const escrowById = new Map(escrows.map((escrow) => [escrow.id, escrow]));
  const prices = await findPrices(
    db,
    cdrs.map((cdr) => ({
      provider: cdr.provider,
      destination: destinationOf(cdr),
      at: cdr.answeredAt ?? cdr.startedAt,
    })),
  );
  const judged = cdrs.map((cdr, i): Judged => {
    const escrow = escrowById.get(cdr.escrowId);
    return { cdr, escrow, rating: rate(cdr, escrow, prices[i] as DeckPrice, head.time) };
  });
  const rated = judged.flatMap((each): RatedCdr[] => {
    const row = ratingRow(deps, each);
    return row ? [{ row, cdr: each.cdr, maxParallel: each.escrow?.maxParallel ?? 0 }] : [];
  });
  await noteDeckWaits(db, judged);
  return storeRatings(db, rated);
}

/**
 * What `rate` would let wait as the chain has not come to its end yet is not even read: every CDR is looked at as soon
 * as it comes, and with each block. What it corrects is superseded at once.
 */
const isOfNow = (indexTime: Date) => sql<boolean>`(ended_at <= ${indexTime} or corrects is not null
  or ended_at > received_at + ${MAX_CLOCK_LEAD_MS} * interval '1 ms')`;

type Judged = { cdr: Cdr; escrow: Escrow | undefined; rating: Rating };

/** So that the provider is told, and that each round looks at what is new. */
async function noteDeckWaits(db: Database, judged: readonly Judged[]): Promise<void> {
  const retryAt = new Date(Date.now() + DECK_RETRY_MS);
  const rows = judged.flatMap(({ cdr: { id, provider }, rating }) =>
    rating.state === 'deckMissing' ? [{ cdrId: id, provider, hash: rating.tariffHash, retryAt }] : [],
  );
  if (rows.length === 0) return;
  await db.transaction().execute((tx) => insertRows(tx, 'deckWaits', rows, { overwrite: ['cdrId'] }));
}

function ratingRow(deps: Pick<Deps, 'network' | 'contract'>, { cdr, escrow, rating }: Judged): RatingRow | null {
  if (rating.state === 'wait' || rating.state === 'deckMissing') return null;
  // a valid voucher is kept whatever becomes of the CDR that brought it
  const voucherTotal = validVoucherTotal(deps, cdr, escrow);
  const common = { cdrId: cdr.id, escrowId: cdr.escrowId, voucherTotal };
  if (rating.state === 'rejected') return { ...common, ...rejection(rating.reason, rating.missMs) };
  const { billableSeconds, price, explanation } = rating;
  const isLeftAside = voucherTotal === null && cdr.voucherTotal !== null && escrow?.voucherKey;
  return {
    ...common,
    state: 'rated',
    reasonCode: isLeftAside ? 'badVoucher' : null,
    reason: isLeftAside ? wordsOf('badVoucher') : null,
    billableSeconds,
    price,
    explanation,
    tariffHash: explanation.tariffHash,
    busyFrom: null,
    busyUntil: null,
    ...(cdr.answeredAt && busyTime(cdr.answeredAt, cdr.endedAt)),
  };
}

function rejection(reason: RejectedReason, missMs: number | null) {
  return {
    state: 'rejected' as const,
    reasonCode: reason,
    reason: missMs === null ? wordsOf(reason) : wordsOfMiss(reason, missMs),
    billableSeconds: 0n,
    price: 0n,
    explanation: null,
    tariffHash: null,
    busyFrom: null,
    busyUntil: null,
  };
}

function validVoucherTotal(
  { network, contract }: Pick<Deps, 'network' | 'contract'>,
  cdr: Cdr,
  escrow: Escrow | undefined,
): bigint | null {
  if (!escrow?.voucherKey || cdr.voucherTotal === null || cdr.voucherSignature === null) return null;
  const voucher = { total: datoshi(cdr.voucherTotal), signature: bytesOfHex(cdr.voucherSignature) };
  return isVoucherValid(escrow.voucherKey, { network, contract, escrowId: escrow.id }, voucher) ? voucher.total : null;
}
