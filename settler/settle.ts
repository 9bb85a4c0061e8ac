import type { SignedTransaction } from '../protocol/contract/transaction.ts';
import { signBatch } from './batch.ts';
import { readBatchSize } from './batch-size.ts';
import { type Budget, readBudget } from './budget.ts';
import type { PreparedClaim } from './claim.ts';
import type { Deps } from './deps.ts';
import type { Some } from './halve.ts';
import { feeLimitOf, inHalves } from './in-halves.ts';
import { readLeastAmount } from './least-amount.ts';
import { orderClaims } from './order.ts';
import { parkUnknown } from './park.ts';
import { preflight, setAside } from './preflight.ts';
import { seal } from './seal.ts';
import { submit } from './submit.ts';

/**
 * Claims what is due: plan, ask the chain what it would say (for nothing), seal, then send. One transaction a round: how
 * the last ones have ended says how large the next one may be, and what no block takes in is locked until it expires.
 * Answers the transactions that were sealed. @throws OutOfBudget
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

/** Leaves out what the chain would reject; what it would not run at all, or costs too much, is tried in halves. */
async function settleBatch(deps: Deps, batch: Some<PreparedClaim>, budget: Budget): Promise<SignedTransaction[]> {
  let accepted: readonly PreparedClaim[] = batch;
  try {
    const passed = await preflight(deps, batch);
    accepted = passed.accepted;
    if (accepted.length === 0) return [];
    const signed = await signBatch(deps, accepted, feeLimitOf(deps, budget), passed.gasConsumed);
    return await sealAndSubmit(deps, signed, accepted);
  } catch (error) {
    const [first, ...more] = accepted;
    if (!first) throw error;
    return inHalves(deps, [first, ...more], error, budget, {
      attempt: (some, left) => settleBatch(deps, some, left),
      setAside: (one, reason, message) => {
        deps.log.error({ escrowId: Number(one.claim.escrowId) }, `not claimed now: ${message}`);
        return setAside(deps, [one], reason);
      },
    });
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
