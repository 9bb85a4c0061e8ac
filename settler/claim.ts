import { sql } from 'kysely';
import { cdrLeaf } from '../protocol/call/cdr.ts';
import { merkleSumRoot, type SumNode } from '../protocol/call/merkle-sum.ts';
import type { Claim } from '../protocol/contract/claim.ts';
import type { Address } from '../protocol/types/address.ts';
import { datoshi } from '../protocol/types/datoshi.ts';
import type { Candidate } from './candidates.ts';
import type { Deps } from './deps.ts';
import type { PlannedCall } from './plan.ts';

/** The calls of an escrow that are claimed now. */
export type PlannedClaim = Pick<Candidate, 'escrow' | 'voucher'> & { calls: PlannedCall[] };
/** A claim and the calls in it, ready to be sealed. */
export type PreparedClaim = { claim: Claim; provider: Address; calls: PlannedCall[] };

/** Whole CDRs that are in memory at a time; a claim may have as many. */
const CDRS_AT_A_TIME = 5_000;

/**
 * Sums the planned calls of each up into one claim that commits to each of them. They come in the order of their CDRs'
 * ids: so the API finds the same leaves in the rows, and proves each of them (api/proofs/read.ts).
 */
export async function prepareClaims(
  { db }: Pick<Deps, 'db'>,
  planned: readonly PlannedClaim[],
): Promise<PreparedClaim[]> {
  const prepared: PreparedClaim[] = [];
  for (const some of inParts(planned)) {
    const leaves = await readLeaves(
      db,
      some.flatMap(({ calls }) => calls),
    );
    prepared.push(...some.map((each) => toClaim(each, leaves)));
  }
  return prepared;
}

function inParts(planned: readonly PlannedClaim[]): PlannedClaim[][] {
  const parts: PlannedClaim[][] = [];
  let room = 0;
  for (const each of planned) {
    room -= each.calls.length;
    if (room < 0) {
      parts.push([]);
      room = CDRS_AT_A_TIME - each.calls.length;
    }
    parts.at(-1)?.push(each);
  }
  return parts;
}

async function readLeaves(db: Deps['db'], calls: readonly PlannedCall[]): Promise<Map<bigint, SumNode>> {
  const ids = calls.map((call) => call.cdrId);
  const cdrs = await db.selectFrom('cdrs').selectAll().where('id', '=', sql<bigint>`any(${ids})`).execute();
  const callById = new Map(calls.map((call) => [call.cdrId, call]));
  return new Map(
    cdrs.map((cdr) => {
      const { seconds, amount, tariffHash } = callById.get(cdr.id) as PlannedCall;
      return [cdr.id, cdrLeaf(cdr, { billableSeconds: seconds, amount, tariffHash }, cdr.salt)];
    }),
  );
}

function toClaim({ escrow, voucher, calls }: PlannedClaim, leaves: ReadonlyMap<bigint, SumNode>): PreparedClaim {
  const root = merkleSumRoot(
    calls.map(({ cdrId }) => {
      const leaf = leaves.get(cdrId);
      if (!leaf) throw new Error(`CDR ${cdrId} has a rating but is gone`);
      return leaf;
    }),
  );
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
