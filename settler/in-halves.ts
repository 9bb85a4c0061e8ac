import { GasLimitReached } from '../chain/errors.ts';
import { ScriptFault } from '../chain/invoke.ts';
import { FeeLimitExceeded } from '../chain/transaction.ts';
import type { SignedTransaction } from '../protocol/contract/transaction.ts';
import { type Datoshi, datoshi } from '../protocol/types/datoshi.ts';
import { type Budget, spend } from './budget.ts';
import type { Deps } from './deps.ts';
import { halve, type Next, type Some, type Trouble } from './halve.ts';

type SetAside<T> = Extract<Next<T>, { kind: 'setAside' }>;

type Work<T> = {
  /** Makes a transaction of them, where it can. */
  attempt(some: Some<T>, budget: Budget): Promise<SignedTransaction[]>;
  setAside(one: T, reason: SetAside<T>['reason'], message: string): Promise<void>;
};

type Limits = Pick<Deps, 'feePerTransactionLimit'>;

/** The most that the next transaction may cost. */
export function feeLimitOf({ feePerTransactionLimit }: Limits, { left }: Budget): Datoshi {
  return datoshi(left < feePerTransactionLimit ? left : feePerTransactionLimit);
}

/**
 * What is done where these did not become a transaction together. Answers what was sealed. @throws OutOfBudget where
 * not even one can be paid for; the error where it has nothing to do with them
 */
export async function inHalves<T>(
  limits: Limits,
  some: Some<T>,
  error: unknown,
  budget: Budget,
  { attempt, setAside }: Work<T>,
): Promise<SignedTransaction[]> {
  const trouble = troubleOf(error, limits, budget);
  if (trouble === null) throw error;
  // no node would run even one: wait for another
  if (error instanceof GasLimitReached && some.length === 1) throw error;
  const next = halve(some, trouble);
  switch (next.kind) {
    case 'wait':
      throw budget.exhausted;
    case 'first':
      return attempt(next.first, budget);
    case 'both': {
      const sealed = await attempt(next.first, budget);
      return [...sealed, ...(await attempt(next.second, spend(budget, sealed)))];
    }
    case 'setAside':
      await setAside(next.one, next.reason, (error as Error).message);
      return [];
    default:
      return next satisfies never;
  }
}

function troubleOf(error: unknown, { feePerTransactionLimit }: Limits, { left }: Budget): Trouble | null {
  if (error instanceof FeeLimitExceeded) return left < feePerTransactionLimit ? 'outOfMoney' : 'tooDear';
  return error instanceof ScriptFault || error instanceof GasLimitReached ? 'refused' : null;
}
