import { readGasBalance } from '../chain/gas.ts';
import { type Datoshi, datoshi } from '../chain/types.ts';
import type { Deps } from './deps.ts';

/** The operator may not, or cannot, pay for another transaction now. Nothing is lost: claims wait. */
export class OutOfBudget extends Error {
  override name = 'OutOfBudget';
}

const hourMs = 3_600_000;

/**
 * Datoshi that may be spent on fees now: what the limit per hour leaves, and what the operator has and has not yet promised to
 * sealed transactions. @throws OutOfBudget where that is nothing
 */
export async function readBudget(
  deps: Pick<Deps, 'db' | 'rpc' | 'signer' | 'feePerHourLimit'>,
): Promise<{ left: Datoshi; exhausted: OutOfBudget }> {
  const { db, rpc, signer, feePerHourLimit } = deps;
  const fees = await db
    .selectFrom('transactions')
    .select(['state', 'sealedAt', 'systemFee', 'networkFee'])
    .where('state', '!=', 'expired') // it was never paid
    .where((where) => where.or([where('state', '=', 'sealed'), where('sealedAt', '>', new Date(Date.now() - hourMs))]))
    .execute();
  const total = (rows: typeof fees) => rows.reduce((sum, row) => sum + row.systemFee + row.networkFee, 0n);
  const ofHour = feePerHourLimit - total(fees.filter(({ sealedAt }) => sealedAt.getTime() > Date.now() - hourMs));
  const owned = (await readGasBalance(rpc, signer.address)) - total(fees.filter(({ state }) => state === 'sealed'));
  const [left, exhausted] =
    owned < ofHour
      ? [owned, `the operator ${signer.address} holds too little GAS for the fees of its next claims: send it some`]
      : [ofHour, `the limit of ${feePerHourLimit} datoshi for fees per hour (KRYPTON_FEE_PER_HOUR_LIMIT) is used up`];
  if (left <= 0n) throw new OutOfBudget(exhausted);
  return { left: datoshi(left), exhausted: new OutOfBudget(exhausted) };
}
