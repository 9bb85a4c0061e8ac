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

const HOUR_MS = 3_600_000;

/** Claims have a deadline, refunds have none: these use up a part of the limit only. */
export type TransactionKind = Transactions['kind'];

/** Datoshi that may be spent on fees, more than 0, and what to say when they do not suffice. */
export type Budget = { left: Datoshi; exhausted: OutOfBudget };

/**
 * What may be spent on fees now: what the limits per hour leave, and what the operator has and has not yet promised to
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
  const { left, exhausted } = hours(deps, kind, fees).reduce((a, b) => (b.left < a.left ? b : a), owned);
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
 * Several settlers share the limits: for those that hold the lock while they seal, this is the last word. @throws
 * OutOfBudget
 */
export async function checkHour(tx: Tx, limits: Limits, kind: TransactionKind, fee: bigint): Promise<void> {
  const fees = await readFees(tx);
  for (const { left, exhausted } of hours(limits, kind, fees)) if (fee > left) throw exhausted;
}

type Limits = Pick<Deps, 'feePerHourLimit' | 'refundFeePerHourLimit'>;
type Left = { left: bigint; exhausted: OutOfBudget };

/** What each limit per hour leaves to a transaction of this kind. */
function hours({ feePerHourLimit, refundFeePerHourLimit }: Limits, kind: TransactionKind, fees: Fees): Left[] {
  const all = { left: feePerHourLimit - fees.ofHour, exhausted: hourIsUsedUp('fees', feePerHourLimit) };
  if (kind === 'settle') return [all];
  const refunds = refundFeePerHourLimit - fees.ofHourForRefunds;
  return [all, { left: refunds, exhausted: hourIsUsedUp("refunds' fees", refundFeePerHourLimit) }];
}

const limitNames = { fees: 'KRYPTON_FEE_PER_HOUR_LIMIT', "refunds' fees": 'KRYPTON_REFUND_FEE_PER_HOUR_LIMIT' };

const hourIsUsedUp = (what: keyof typeof limitNames, limit: Datoshi) =>
  new OutOfBudget(`the limit of ${limit} datoshi for ${what} per hour (${limitNames[what]}) is used up`);

type Fees = { ofHour: bigint; ofHourForRefunds: bigint; ofSealed: bigint };

/** Paid, or still possible; a transaction that expired was never paid. */
async function readFees(db: Database | Tx): Promise<Fees> {
  const since = new Date(Date.now() - HOUR_MS);
  const rows = await db
    .selectFrom('transactions')
    .select(['kind', 'state', 'sealedAt', 'systemFee', 'networkFee'])
    .where('state', '!=', 'expired')
    .where((where) => where.or([where('state', '=', 'sealed'), where('sealedAt', '>', since)]))
    .execute();
  const total = (some: typeof rows) => some.reduce((sum, row) => sum + row.systemFee + row.networkFee, 0n);
  const ofHour = rows.filter(({ sealedAt }) => sealedAt > since);
  return {
    ofHour: total(ofHour),
    ofHourForRefunds: total(ofHour.filter(({ kind }) => kind === 'refund')),
    ofSealed: total(rows.filter(({ state }) => state === 'sealed')),
  };
}
