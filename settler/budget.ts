import { readGasBalance } from '../chain/gas.ts';
import type { Database, Tx } from '../database/connection.ts';
import type { SignedTransaction } from '../protocol/contract/transaction.ts';
import { type Datoshi, datoshi } from '../protocol/types/datoshi.ts';
import type { Deps } from './deps.ts';

/** The operator may not, or cannot, pay for another transaction now. Nothing is lost: claims wait. */
export class OutOfBudget extends Error {
  override name = 'OutOfBudget';
}

const HOUR_MS = 3_600_000;

/** Datoshi that may be spent on fees, more than 0, and what to say when they do not suffice. */
export type Budget = { left: Datoshi; exhausted: OutOfBudget };

/**
 * What may be spent on fees now: what the limit per hour leaves, and what the operator has and has not yet promised to
 * sealed transactions. @throws OutOfBudget where that is nothing
 */
export async function readBudget(deps: Pick<Deps, 'db' | 'rpc' | 'signer' | 'feePerHourLimit'>): Promise<Budget> {
  const { db, rpc, signer, feePerHourLimit } = deps;
  const fees = await readFees(db);
  const allowed = feePerHourLimit - fees.ofHour;
  const owned = (await readGasBalance(rpc, signer.address)) - fees.ofSealed;
  const [left, exhausted] =
    owned < allowed
      ? [
          owned,
          new OutOfBudget(
            `the operator ${signer.address} holds too little GAS for the fees of its next claims: send it some`,
          ),
        ]
      : [allowed, hourIsUsedUp(feePerHourLimit)];
  return atLeastSome(left, exhausted);
}

/** What is left behind these transactions. @throws OutOfBudget where that is nothing */
export function spend({ left, exhausted }: Budget, sealed: readonly SignedTransaction[]): Budget {
  return atLeastSome(
    sealed.reduce((rest, { systemFee, networkFee }) => rest - systemFee - networkFee, left as bigint),
    exhausted,
  );
}

function atLeastSome(left: bigint, exhausted: OutOfBudget): Budget {
  if (left <= 0n) throw exhausted;
  return { left: datoshi(left), exhausted };
}

/**
 * Several settlers share the limit: for those that hold the lock while they seal, this is the last word. @throws
 * OutOfBudget
 */
export async function checkHour(
  tx: Tx,
  { feePerHourLimit }: Pick<Deps, 'feePerHourLimit'>,
  fee: bigint,
): Promise<void> {
  if ((await readFees(tx)).ofHour + fee > feePerHourLimit) throw hourIsUsedUp(feePerHourLimit);
}

const hourIsUsedUp = (limit: Datoshi) =>
  new OutOfBudget(`the limit of ${limit} datoshi for fees per hour (KRYPTON_FEE_PER_HOUR_LIMIT) is used up`);

/** Paid, or still possible; a transaction that expired was never paid. */
async function readFees(db: Database | Tx): Promise<{ ofHour: bigint; ofSealed: bigint }> {
  const since = new Date(Date.now() - HOUR_MS);
  const rows = await db
    .selectFrom('transactions')
    .select(['state', 'sealedAt', 'systemFee', 'networkFee'])
    .where('state', '!=', 'expired')
    .where((where) => where.or([where('state', '=', 'sealed'), where('sealedAt', '>', since)]))
    .execute();
  const total = (some: typeof rows) => some.reduce((sum, row) => sum + row.systemFee + row.networkFee, 0n);
  return {
    ofHour: total(rows.filter(({ sealedAt }) => sealedAt > since)),
    ofSealed: total(rows.filter(({ state }) => state === 'sealed')),
  };
}
