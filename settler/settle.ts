import { GasLimitReached } from '../chain/errors.ts';
import { ScriptFault } from '../chain/invoke.ts';
import { FeeLimitExceeded } from '../chain/transaction.ts';
import type { SignedTransaction } from '../protocol/contract/transaction.ts';
import { signBatch } from './batch.ts';
import { readBatchSize } from './batch-size.ts';
import { type Budget, readBudget, spend } from './budget.ts';
import type { PreparedClaim } from './claim.ts';
import type { Deps } from './deps.ts';
import { halve, type Trouble } from './halve.ts';
import { readLeastAmount } from './least-amount.ts';
import { orderClaims } from './order.ts';
import { parkUnknown } from './park.ts';
import { preflight, setAside } from './preflight.ts';
import { seal } from './seal.ts';
import { submit } from './submit.ts';

/**
 * Claims what is due: plan, ask the chain what it would say (for nothing), seal, then send. Answers the transactions
 * that were sealed. @throws OutOfBudget
 */
export async function settle(deps: Deps): Promise<SignedTransaction[]> {
  await parkUnknown(deps);
  const budget = await readBudget(deps);
  const [limit, minAmount] = [await readBatchSize(deps), await readLeastAmount(deps)];
  const tried = new Set<bigint>();
  for (;;) {
    const prepared = (await orderClaims(deps, limit, minAmount)).filter(({ claim }) => !tried.has(claim.escrowId));
    const [first, ...more] = prepared;
    if (!first) return [];
    const sealed = await settleBatch(deps, [first, ...more], budget);
    if (sealed.length > 0) return sealed;
    for (const { claim } of prepared) tried.add(claim.escrowId); // all set aside, or another settler's: the next ones
  }
}

type Batch = readonly [PreparedClaim, ...PreparedClaim[]];

/** Leaves out what the chain would reject; what it would not run at all, or costs too much, is tried in halves. */
async function settleBatch(deps: Deps, batch: Batch, budget: Budget): Promise<SignedTransaction[]> {
  let accepted: readonly PreparedClaim[] = batch;
  try {
    accepted = await preflight(deps, batch);
    if (accepted.length === 0) return [];
    const { feePerTransactionLimit } = deps;
    const feeLimit = budget.left < feePerTransactionLimit ? budget.left : feePerTransactionLimit;
    return await sealAndSubmit(deps, await signBatch(deps, accepted, feeLimit), accepted);
  } catch (error) {
    const trouble = troubleOf(error, deps, budget);
    const [first, ...more] = accepted;
    if (trouble === null || !first) throw error;
    // no node would run even one: wait for another
    if (error instanceof GasLimitReached && more.length === 0) throw error;
    return settleHalves(deps, [first, ...more], trouble, error as Error, budget);
  }
}

async function sealAndSubmit(
  deps: Deps,
  signed: SignedTransaction,
  claims: readonly PreparedClaim[],
): Promise<SignedTransaction[]> {
  if (!(await seal(deps, signed, claims))) {
    deps.log.info('another settler was faster; nothing was sealed');
    return [];
  }
  deps.log.info({ txHash: signed.hash, claims: claims.length, validUntilBlock: signed.validUntilBlock }, 'sealed');
  await submit(deps, signed);
  return [signed];
}

/** Null: it has nothing to do with these claims. */
function troubleOf(error: unknown, { feePerTransactionLimit }: Deps, { left }: Budget): Trouble | null {
  if (error instanceof FeeLimitExceeded) return left < feePerTransactionLimit ? 'outOfMoney' : 'tooDear';
  return error instanceof ScriptFault || error instanceof GasLimitReached ? 'refused' : null;
}

/** @throws OutOfBudget where not even one claim can be paid for */
async function settleHalves(
  deps: Deps,
  batch: Batch,
  trouble: Trouble,
  error: Error,
  budget: Budget,
): Promise<SignedTransaction[]> {
  const next = halve(batch, trouble);
  switch (next.kind) {
    case 'wait':
      throw budget.exhausted;
    case 'first':
      return settleBatch(deps, next.first, budget);
    case 'both': {
      const sealed = await settleBatch(deps, next.first, budget);
      return [...sealed, ...(await settleBatch(deps, next.second, spend(budget, sealed)))];
    }
    case 'setAside':
      deps.log.error({ escrowId: Number(next.one.claim.escrowId) }, `not claimed now: ${error.message}`);
      await setAside(deps, [next.one], next.reason);
      return [];
    default:
      return next satisfies never;
  }
}
