import { sql } from 'kysely';
import { cdrLeaf } from '../protocol/call/cdr.ts';
import { merkleSumRoot } from '../protocol/call/merkle-sum.ts';
import type { Claim } from '../protocol/contract/claim.ts';
import type { Address } from '../protocol/types/address.ts';
import { datoshi } from '../protocol/types/datoshi.ts';
import type { Candidate } from './candidates.ts';
import type { Deps } from './deps.ts';
import type { PlannedCall } from './plan.ts';

/** A claim and the calls in it, ready to be sealed. */
export type PreparedClaim = { claim: Claim; provider: Address; calls: PlannedCall[] };

/**
 * Sums the planned calls up into one claim that commits to each of them. They come in the order of their CDRs' ids: so
 * the API finds the same leaves in the rows, and proves each of them (api/proofs/read.ts).
 */
export async function prepareClaim(
  { db }: Pick<Deps, 'db'>,
  { escrow, voucher }: Candidate,
  calls: PlannedCall[],
): Promise<PreparedClaim> {
  const ids = calls.map((call) => call.cdrId);
  const cdrs = await db.selectFrom('cdrs').selectAll().where('id', '=', sql<bigint>`any(${ids})`).execute();
  const cdrById = new Map(cdrs.map((cdr) => [cdr.id, cdr]));
  const leaves = calls.map(({ cdrId, seconds, amount, tariffHash }) => {
    const cdr = cdrById.get(cdrId);
    if (!cdr) throw new Error(`CDR ${cdrId} has a rating but is gone`);
    return cdrLeaf(cdr, { billableSeconds: seconds, amount, tariffHash }, cdr.salt);
  });
  const root = merkleSumRoot(leaves);
  const claim: Claim = {
    escrowId: escrow.id,
    seq: escrow.seq,
    amount: datoshi(root.sum),
    seconds: calls.reduce((sum, call) => sum + call.seconds, 0n),
    calls: BigInt(calls.length),
    cdrRoot: root.hash,
    voucher: escrow.voucherKey === null ? null : voucher,
    close: false,
  };
  return { claim, provider: escrow.provider, calls };
}
