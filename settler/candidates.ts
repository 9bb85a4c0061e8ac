import { datoshi } from '../chain/types.ts';
import type { Voucher } from '../contract/client/claim.ts';
import { bytesOfHex } from '../contract/client/event.ts';
import type { Deps } from './deps.ts';
import type { EscrowView } from './plan.ts';

/** An escrow with calls that were not claimed yet, and what is needed to claim them. */
export type Candidate = EscrowView & { voucher: Voucher | null };

/** Calls of one claim: its Merkle tree is built in memory, and its proofs stay short. */
const CALLS_PER_CLAIM = 5_000;

/**
 * Escrows that this settler may claim from now, the nearest deadline first, then the largest amount. Not among them: those
 * with a claim under way, those that are parked, and those of which the index has not seen the last claim yet.
 */
export async function findCandidates({ db, signer }: Pick<Deps, 'db' | 'signer'>, limit: number): Promise<Candidate[]> {
  const head = await db.selectFrom('cursor').select('time').executeTakeFirst();
  if (!head) return [];
  const escrows = await db
    .with('owed', (qb) =>
      qb
        .selectFrom('ratings')
        .select(['escrowId', (eb) => eb.fn.sum<bigint>('price').as('total')])
        .where('state', '=', 'rated')
        .where('price', '>', 0n)
        .groupBy('escrowId'),
    )
    .selectFrom('escrows')
    .innerJoin('owed', 'owed.escrowId', 'escrows.id')
    .leftJoin('providers', (join) =>
      join.onRef('providers.provider', '=', 'escrows.provider').on('undeployedAt', 'is', null),
    )
    .selectAll('escrows')
    // only the provider itself or the operator that it named may settle
    .where((eb) =>
      eb.or([
        eb('escrows.provider', '=', signer.address),
        eb('providers.operator', '=', signer.address),
        eb('escrows.state', '=', 'closed'),
      ]),
    )
    .where(({ not, exists, selectFrom }) =>
      not(exists(selectFrom('parkedEscrows').select('escrowId').whereRef('escrowId', '=', 'escrows.id'))),
    )
    // one claim at a time, and the next one only when the index has the last: `seq` must be the chain's
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('claims')
            .select('id')
            .whereRef('claims.escrowId', '=', 'escrows.id')
            .where((eb) =>
              eb.or([
                eb('claims.state', '=', 'sealed'),
                eb.and([eb('claims.state', '=', 'accepted'), eb('claims.seq', '>=', eb.ref('escrows.seq'))]),
              ]),
            ),
        ),
      ),
    )
    .orderBy('claimDeadline')
    .orderBy('owed.total', 'desc')
    .limit(limit)
    .execute();
  return Promise.all(
    escrows.map(async (escrow) => ({
      escrow,
      headTime: head.time,
      ...(await readCalls(db, escrow.id)),
      ...(await readVoucher(db, escrow.id)),
    })),
  );
}

async function readCalls(db: Deps['db'], escrowId: bigint): Promise<Pick<EscrowView, 'calls'>> {
  const rows = await db
    .selectFrom('ratings')
    .select(['cdrId', 'billableSeconds as seconds', 'price', 'ratedAt'])
    .where('escrowId', '=', escrowId)
    .where('state', '=', 'rated')
    .where('price', '>', 0n)
    .orderBy('cdrId')
    .limit(CALLS_PER_CLAIM)
    .execute();
  return { calls: rows.map((row) => ({ ...row, price: datoshi(row.price) })) };
}

/** The highest valid one; the rating has checked its signature. */
async function readVoucher(db: Deps['db'], escrowId: bigint): Promise<Pick<Candidate, 'voucher' | 'voucherTotal'>> {
  const row = await db
    .selectFrom('ratings')
    .innerJoin('cdrs', 'cdrs.id', 'ratings.cdrId')
    .select(['ratings.voucherTotal', 'voucherSignature'])
    .where('ratings.escrowId', '=', escrowId)
    .where('ratings.voucherTotal', 'is not', null)
    .orderBy('ratings.voucherTotal', 'desc')
    .limit(1)
    .executeTakeFirst();
  if (!row?.voucherTotal || !row.voucherSignature) return { voucher: null, voucherTotal: datoshi(0n) };
  const total = datoshi(row.voucherTotal);
  return { voucher: { total, signature: bytesOfHex(row.voucherSignature) }, voucherTotal: total };
}
