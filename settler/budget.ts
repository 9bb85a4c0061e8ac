import { sql } from 'kysely';
import { readGasBalance } from '../chain/gas.ts';
import type { Database, Tx } from '../database/connection.ts';
import type { Transactions } from '../database/types.ts';
import type { SignedTransaction } from '../protocol/contract/transaction.ts';
import { type Datoshi, datoshi } from '../protocol/types/datoshi.ts';
import type { Deps } from './deps.ts';

/** The operator may not, or cannot, pay for another transaction now. Nothing is lost: claims and refunds wait. */
export class OutOfBudget extends Error {
  override name = 'OutOfBudget';
}

export type TransactionKind = Transactions['kind'];

/** Datoshi that may be spent on fees, more than 0, and what to say when they do not suffice. */
export type Budget = { left: Datoshi; exhausted: OutOfBudget };

/**
 * What may be spent on fees now: what the limit per hour leaves, and what the operator has and has not yet promised to
 * sealed transactions. @throws OutOfBudget where that is nothing
 */
export async function readBudget(
  deps: Pick<Deps, 'db' | 'rpc' | 'signer'> & Limits,
  kind: TransactionKind = 'settle',
): Promise<Budget> {
  const { db, rpc, signer } = deps;
  const fees = await readFees(db);
  const owned = {
    left: (await readGasBalance(rpc, signer.address)) - fees.ofSealed,
    exhausted: new OutOfBudget(
      `the operator ${signer.address} holds too little GAS for the fees of its next transactions: send it some`,
    ),
  };
  const hour = hourOf(deps, kind, fees);
  const { left, exhausted } = owned.left < hour.left ? owned : hour;
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
export async function checkHour(tx: Tx, limits: Limits, kind: TransactionKind, fee: bigint): Promise<void> {
  const { left, exhausted } = hourOf(limits, kind, await readFees(tx));
  if (fee > left) throw exhausted;
}

type Limits = Pick<Deps, 'feePerHourLimit'>;

/** Claims have a deadline and refunds have none: a half of the limit is for claims alone. */
function hourOf({ feePerHourLimit }: Limits, kind: TransactionKind, { ofHour }: Fees) {
  const limit = `the limit of ${feePerHourLimit} datoshi for fees per hour (KRYPTON_FEE_PER_HOUR_LIMIT)`;
  return kind === 'settle'
    ? { left: feePerHourLimit - ofHour, exhausted: new OutOfBudget(`${limit} is used up`) }
    : {
        left: feePerHourLimit / 2n - ofHour,
        exhausted: new OutOfBudget(`half of ${limit} is used up: refunds leave the rest to claims`),
      };
}

type Fees = { ofHour: bigint; ofSealed: bigint };

/** By the clock that stamps them, which all settlers share. */
const isOfHour = sql<boolean>`sealed_at > now() - interval '1 hour'`;

/** Paid, or still possible; a transaction that expired was never paid. */
async function readFees(db: Database | Tx): Promise<Fees> {
  const rows = await db
    .selectFrom('transactions')
    .select(['state', 'systemFee', 'networkFee', isOfHour.as('isOfHour')])
    .where('state', '!=', 'expired')
    .where((where) => where.or([where('state', '=', 'sealed'), isOfHour]))
    .execute();
  const total = (some: typeof rows) => some.reduce((sum, row) => sum + row.systemFee + row.networkFee, 0n);
  return {
    ofHour: total(rows.filter((row) => row.isOfHour)),
    ofSealed: total(rows.filter(({ state }) => state === 'sealed')),
  };
}
