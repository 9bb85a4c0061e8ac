import { bytesToHex } from '@noble/hashes/utils.js';
import { isVoucherValid, type VoucherScope } from '../../protocol/sign/voucher.ts';
import { bytesOfHex } from '../../protocol/types/bytes.ts';
import { type Datoshi, datoshi } from '../../protocol/types/datoshi.ts';
import type { PublicKey } from '../../protocol/types/public-key.ts';
import type { Store } from './store.ts';

/** What users have signed for: of each escrow the highest total. */

export type GivenVoucher = { escrowId: bigint; total: Datoshi; signature: string };

export type VoucherVerdict = 'kept' | 'lower' | 'noVoucherKey' | 'overAmount' | 'badSignature';

export type EscrowForVoucher = { voucherKey: PublicKey | null; amount: bigint };

/** Keeps it where it is valid and the highest so far. */
export function keepVoucher(
  store: Store,
  scope: Omit<VoucherScope, 'escrowId'>,
  { voucherKey, amount }: EscrowForVoucher,
  { escrowId, total, signature }: GivenVoucher,
): VoucherVerdict {
  if (voucherKey === null) return 'noVoucherKey';
  if (total > amount) return 'overAmount';
  const bytes = bytesOfHex(signature);
  if (!isVoucherValid(voucherKey, { ...scope, escrowId }, { total, signature: bytes })) return 'badSignature';
  const { changes } = store
    .prepare(`insert into vouchers (escrow_id, total, signature) values (?, ?, ?)
      on conflict (escrow_id) do update set total = excluded.total, signature = excluded.signature, problem = null, tried_at = 0
        where excluded.total > vouchers.total`)
    .run(escrowId, total, bytesToHex(bytes));
  return Number(changes) > 0 ? 'kept' : 'lower';
}

export function voucherTotal(store: Store, escrowId: bigint): bigint {
  return (store.prepare('select total from vouchers where escrow_id = ?').get(escrowId)?.total ?? 0n) as bigint;
}

/** What the API did not take is shown again after so long: what it knows of the chain may be older than what we know. */
const TRY_AGAIN_MS = 15_000;

/** Those that the API does not have yet, the ones that were tried least lately first: none keeps the others out. */
export function vouchersToHandIn(store: Store, limit: number, now: Date): GivenVoucher[] {
  const rows = store
    .prepare(`select escrow_id, total, signature from vouchers where total > handed_in and problem is null and tried_at <= ?
      order by tried_at limit ?`)
    .all(now.getTime() - TRY_AGAIN_MS, limit);
  return rows.map(({ escrow_id, total, signature }) => {
    return { escrowId: escrow_id as bigint, total: datoshi(total as bigint), signature: String(signature) };
  });
}

export function noteVoucherHandedIn(store: Store, { escrowId, total }: GivenVoucher): void {
  store.prepare('update vouchers set handed_in = max(handed_in, ?) where escrow_id = ?').run(total, escrowId);
}

/** The API does not take it now. */
export function noteVoucherTried(store: Store, { escrowId, total }: GivenVoucher, now: Date): void {
  store
    .prepare('update vouchers set tried_at = ? where escrow_id = ? and total = ?')
    .run(now.getTime(), escrowId, total);
}

/** The API will never take it: it says why. */
export function noteVoucherProblem(store: Store, { escrowId, total }: GivenVoucher, problem: string): void {
  store.prepare('update vouchers set problem = ? where escrow_id = ? and total = ?').run(problem, escrowId, total);
}
