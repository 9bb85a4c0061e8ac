import { invokeScript, ScriptFault } from '../../chain/invoke.ts';
import type { SignedTransaction } from '../../protocol/contract/transaction.ts';
import { readBatchSize } from '../batch-size.ts';
import { type Budget, readBudget } from '../budget.ts';
import type { Deps } from '../deps.ts';
import type { Some } from '../halve.ts';
import { feeLimitOf, inHalves } from '../in-halves.ts';
import { submit } from '../submit.ts';
import { findRefunds, type Refund } from './find.ts';
import { sealRefunds } from './seal.ts';
import { refundScript, signRefunds } from './sign.ts';
import { worthRefunding } from './worth.ts';

/** Time for the index to learn what the chain knows, e.g. that somebody else has refunded it. */
const REFUSED_REST_MS = 600_000;

/**
 * Gives the rest of expired escrows back to their users, where it is worth the fee: ask the chain what it would say
 * (for nothing), seal, then send. Answers the transactions that were sealed. @throws OutOfBudget
 */
export async function refund(deps: Deps): Promise<SignedTransaction[]> {
  if (deps.refundMinFees === null) return [];
  for (const [id, until] of deps.restingRefunds) if (until <= Date.now()) deps.restingRefunds.delete(id);
  const [first, ...more] = await findRefunds(deps.db, deps, { limit: await readBatchSize(deps, 'refund') });
  return first ? refundBatch(deps, [first, ...more], await readBudget(deps, 'refund')) : [];
}

/** What the chain would not run together, or costs too much, is tried in halves. */
async function refundBatch(deps: Deps, batch: Some<Refund>, budget: Budget): Promise<SignedTransaction[]> {
  let refunds: readonly Refund[] = batch;
  try {
    refunds = worthRefunding(batch, await readCost(deps, batch), deps.refundMinFees ?? 0);
    if (refunds.length === 0) return [];
    return await sealAndSubmit(deps, await signRefunds(deps, refunds, feeLimitOf(deps, budget)), refunds);
  } catch (error) {
    const [first, ...more] = refunds;
    if (!first) throw error;
    return inHalves(deps, [first, ...more], error, budget, {
      attempt: (some, left) => refundBatch(deps, some, left),
      setAside: async ({ escrowId }, reason, message) => {
        deps.log.warn({ escrowId: Number(escrowId), reason }, `not refunded now: ${message}`);
        deps.restingRefunds.set(escrowId, Date.now() + REFUSED_REST_MS);
      },
    });
  }
}

/** What the chain asks for all of them at the least, at its prices of today. @throws ScriptFault */
async function readCost(deps: Deps, refunds: readonly Refund[]): Promise<bigint> {
  const { state, exception, gasConsumed } = await invokeScript(deps.rpc, refundScript(deps, refunds), [
    deps.signer.address,
  ]);
  if (state !== 'HALT') throw new ScriptFault(exception ?? 'FAULT');
  return gasConsumed;
}

async function sealAndSubmit(
  deps: Deps,
  signed: SignedTransaction,
  refunds: readonly Refund[],
): Promise<SignedTransaction[]> {
  const { hash, validUntilBlock } = signed;
  if (!(await sealRefunds(deps, signed, refunds))) {
    deps.log.info('another settler was faster, or the index has learnt something; no refund was sealed');
    return [];
  }
  deps.log.info({ txHash: hash, refunds: refunds.length, validUntilBlock }, 'refunds sealed');
  await submit(deps, signed);
  return [signed];
}
