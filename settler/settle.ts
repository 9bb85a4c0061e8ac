import { NodeUnavailable } from '../chain/errors.ts';
import { readStoragePrice } from '../chain/gas.ts';
import { invokeScript, ScriptFault } from '../chain/invoke.ts';
import { FeeLimitExceeded, signScript } from '../chain/transaction.ts';
import { type WaitingReason, waitingFor } from '../protocol/call/reasons.ts';
import { contractCall } from '../protocol/contract/call.ts';
import { type Claim, claimCodeName, MAX_CLAIMS_PER_CALL } from '../protocol/contract/claim.ts';
import type { SignedTransaction } from '../protocol/contract/transaction.ts';
import { scriptOf } from '../protocol/contract/transaction.ts';
import { type Datoshi, datoshi } from '../protocol/types/datoshi.ts';
import { answersOf } from './answers.ts';
import { readBatchSize } from './batch-size.ts';
import { type Budget, readBudget, spend } from './budget.ts';
import { findCandidates, letRejectedRest, letRest } from './candidates.ts';
import { type PreparedClaim, prepareClaim } from './claim.ts';
import type { Deps } from './deps.ts';
import { note } from './notes.ts';
import { parkUnknown } from './park.ts';
import { plan } from './plan.ts';
import { seal } from './seal.ts';
import { submit } from './submit.ts';

/** Calls of one transaction: they are locked and updated together, well within the limit of a statement. */
const CALLS_PER_TRANSACTION = 50_000;
/** The chain takes scripts of 65,535 bytes; with usual amounts, 512 claims with vouchers are a little longer. */
const MAX_SCRIPT_BYTES = 60_000;
/** Bytes of a balance that does not exist: key (21) and value (9). */
const NEW_BALANCE_BYTES = 30n;

/**
 * Claims what is due: plan, ask the chain what it would say (for nothing), seal, then send. Answers the transactions that
 * were sealed. @throws OutOfBudget
 */
export async function settle(deps: Deps): Promise<SignedTransaction[]> {
  await parkUnknown(deps);
  const budget = await readBudget(deps);
  const [limit, minAmount] = [await readBatchSize(deps), await readLeastAmount(deps)];
  const tried = new Set<bigint>();
  for (;;) {
    const prepared = (await prepare(deps, limit, minAmount)).filter(({ claim }) => !tried.has(claim.escrowId));
    if (prepared.length === 0) return [];
    const sealed = await settleClaims(deps, prepared, budget);
    if (sealed.length > 0) return sealed;
    for (const { claim } of prepared) tried.add(claim.escrowId); // all set aside, or another settler's: the next ones
  }
}

/** Plans one escrow after the other until a transaction is full; the nearest deadline comes first. */
async function prepare(deps: Deps, limit: number, minAmount: Datoshi): Promise<PreparedClaim[]> {
  const policy = { ...deps.policy, minAmount };
  const prepared: PreparedClaim[] = [];
  let calls = 0;
  for await (const candidate of findCandidates(deps)) {
    const { claimed, failed, waiting } = plan(candidate, policy, new Date());
    // What a claim leaves nothing for has failed only when that claim is accepted: the next plan says so.
    await note(deps, { waiting, failed: claimed.length > 0 ? [] : failed });
    if (claimed.length === 0) {
      letRest(deps, candidate.escrow.id);
      continue;
    }
    prepared.push(await prepareClaim(deps, candidate, claimed));
    calls += claimed.length;
    if (prepared.length >= limit || calls >= CALLS_PER_TRANSACTION) break;
  }
  return prepared;
}

/**
 * Less is not claimed from an escrow at a time: so many times what a claim costs at the least, which is one that is rejected at once,
 * at the chain's prices of today.
 */
async function readLeastAmount(deps: Deps): Promise<Datoshi> {
  const { policy, minFees } = deps;
  if (minFees === 0) return policy.minAmount;
  const { state, exception, gasConsumed } = await invokeScript(deps.rpc, settleScript(deps, [claimOfNothing]), [
    deps.signer.address,
  ]);
  if (state !== 'HALT') throw new NodeUnavailable(`what a claim costs can't be told: ${exception ?? state}`);
  const worth = gasConsumed * BigInt(minFees);
  return worth > policy.minAmount ? datoshi(worth) : policy.minAmount;
}

/** There is no escrow 0. */
const claimOfNothing: Claim = {
  ...{ escrowId: 0n, seq: 0n, amount: datoshi(0n), seconds: 0n, calls: 1n },
  ...{ cdrRoot: Buffer.alloc(32), voucher: null, close: false },
};

/** Leaves out what the chain would reject; what it would not run at all, or costs too much, is tried in halves. */
async function settleClaims(
  deps: Deps,
  prepared: readonly PreparedClaim[],
  budget: Budget,
): Promise<SignedTransaction[]> {
  const { left, exhausted } = budget;
  let accepted = prepared;
  try {
    if (settleScript(deps, claimsOf(prepared)).length > MAX_SCRIPT_BYTES)
      throw new ScriptFault('the script is too long');
    accepted = await preflight(deps, prepared);
    if (accepted.length === 0) return [];
    const signed = await sign(deps, accepted, left < deps.feePerTransactionLimit ? left : deps.feePerTransactionLimit);
    if (!(await seal(deps, signed, accepted))) {
      deps.log.info('another settler was faster; nothing was sealed');
      return [];
    }
    deps.log.info({ txHash: signed.hash, claims: accepted.length, validUntilBlock: signed.validUntilBlock }, 'sealed');
    await submit(deps, signed);
    return [signed];
  } catch (error) {
    if (!(error instanceof ScriptFault || error instanceof FeeLimitExceeded)) throw error;
    const [first, second] = halves(accepted);
    if (error instanceof FeeLimitExceeded && left < deps.feePerTransactionLimit) {
      if (accepted.length === 1) throw exhausted;
      return settleClaims(deps, first, budget); // the rest waits for money
    }
    if (accepted.length > 1) {
      const sealed = await settleClaims(deps, first, budget);
      return [...sealed, ...(await settleClaims(deps, second, spend(budget, sealed)))];
    }
    deps.log.error({ escrowId: Number(accepted[0]?.claim.escrowId) }, `not claimed now: ${error.message}`);
    await setAside(deps, accepted, error instanceof FeeLimitExceeded ? 'feeLimit' : 'refusedByChain');
    return [];
  }
}

function halves<T>(all: readonly T[]): [T[], T[]] {
  const middle = Math.ceil(all.length / 2);
  return [all.slice(0, middle), all.slice(middle)];
}

/** What the contract would say of each claim now. */
async function preflight(deps: Deps, prepared: readonly PreparedClaim[]): Promise<PreparedClaim[]> {
  const execution = await invokeScript(deps.rpc, settleScript(deps, claimsOf(prepared)), [deps.signer.address]);
  if (execution.state !== 'HALT') throw new ScriptFault(execution.exception ?? 'FAULT');
  const codeOf = new Map(answersOf(deps, execution).map(({ escrowId, code }) => [escrowId, code]));
  const accepted: PreparedClaim[] = [];
  for (const candidate of prepared) {
    const { escrowId, seq } = candidate.claim;
    const code = codeOf.get(escrowId);
    if (code === null) {
      accepted.push(candidate);
      continue;
    }
    const name = code === undefined ? undefined : claimCodeName(code);
    const reason = name ? waitingFor[name] : 'refusedByChain';
    deps.log.warn(
      { escrowId: Number(escrowId), seq: Number(seq), code, name },
      'the chain would reject this claim now',
    );
    await setAside(deps, [candidate], reason);
  }
  return accepted;
}

/** Others come first for a while. */
async function setAside(deps: Deps, prepared: readonly PreparedClaim[], reason: WaitingReason): Promise<void> {
  for (const { claim } of prepared) letRejectedRest(deps, claim.escrowId);
  await note(deps, { waiting: prepared.flatMap(({ calls }) => calls.map(({ cdrId }) => ({ cdrId, reason }))) });
}

async function sign(deps: Deps, accepted: readonly PreparedClaim[], feeLimit: Datoshi): Promise<SignedTransaction> {
  const { rpc, network, signer, validForBlocks } = deps;
  // A provider that empties its balance before this is executed makes crediting it dearer, which must not fault the others.
  const providers = new Set(accepted.map(({ provider }) => provider)).size;
  const reserve = datoshi(NEW_BALANCE_BYTES * BigInt(providers) * (await readStoragePrice(rpc)));
  return signScript(rpc, settleScript(deps, claimsOf(accepted)), {
    network,
    signer,
    validForBlocks,
    feeLimit,
    reserve,
  });
}

/** One provider's claims stand together: the contract credits neighbours with one write, which saves 0.04 GAS at genesis prices. */
function claimsOf(prepared: readonly PreparedClaim[]): Claim[] {
  return prepared
    .toSorted((a, b) => (a.provider < b.provider ? -1 : Number(a.provider > b.provider)))
    .map(({ claim }) => claim);
}

/** The only script that this key signs: `settle` calls of the one contract. */
function settleScript({ contract }: Pick<Deps, 'contract'>, claims: readonly Claim[]): Uint8Array {
  const calls: Claim[][] = [];
  for (let i = 0; i < claims.length; i += MAX_CLAIMS_PER_CALL) calls.push(claims.slice(i, i + MAX_CLAIMS_PER_CALL));
  return scriptOf(calls.map((chunk) => contractCall(contract, 'settle', { claims: chunk })));
}
