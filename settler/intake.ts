import { sql } from 'kysely';
import { insertRows } from '../database/rows.ts';
import { isVoucherValid } from '../protocol/sign/voucher.ts';
import { bytesOfHex } from '../protocol/types/bytes.ts';
import { datoshi } from '../protocol/types/datoshi.ts';
import type { Deps } from './deps.ts';
import { type Cdr, type Escrow, rate } from './rate.ts';
import { wordsOf } from './reasons.ts';

/**
 * Rates CDRs that were committed and have no rating yet; those that the index can't judge yet are left as they are.
 * Two settlers may rate the same CDR: both come to the same rating, and one of them is stored. Answers how many were rated.
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
    .orderBy('id')
    .execute();
  const escrowIds = [...new Set(cdrs.map((cdr) => cdr.escrowId))];
  const escrows = escrowIds.length
    ? await db.selectFrom('escrows').selectAll().where('id', '=', sql<bigint>`any(${escrowIds})`).execute()
    : [];
  const escrowById = new Map(escrows.map((escrow) => [escrow.id, escrow]));
  const rows = cdrs
    .map((cdr) => ratingRow(deps, cdr, escrowById.get(cdr.escrowId), head.time))
    .filter((row) => row !== null);
  await db.transaction().execute((tx) => insertRows(tx, 'ratings', rows, 'skip'));
  return rows.length;
}

function ratingRow(deps: Pick<Deps, 'network' | 'contract'>, cdr: Cdr, escrow: Escrow | undefined, indexTime: Date) {
  const rating = rate(cdr, escrow, indexTime);
  if (rating.state === 'wait') return null;
  const common = { cdrId: cdr.id, escrowId: cdr.escrowId, state: rating.state };
  if (rating.state === 'rejected') {
    const { reason } = rating;
    return {
      ...common,
      reasonCode: reason,
      reason: wordsOf(reason),
      billableSeconds: 0n,
      price: 0n,
      explanation: null,
      voucherTotal: null,
    };
  }
  const { billableSeconds, price, explanation } = rating;
  const voucherTotal = validVoucherTotal(deps, cdr, escrow);
  const leftAside = voucherTotal === null && cdr.voucherTotal !== null && escrow?.voucherKey;
  const reason = leftAside
    ? { reasonCode: 'badVoucher', reason: wordsOf('badVoucher') }
    : { reasonCode: null, reason: null };
  return { ...common, ...reason, billableSeconds, price, explanation, voucherTotal };
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
