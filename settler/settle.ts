import { scriptOf } from '../chain/script.ts';
import {
  FeeLimitExceeded,
  invokeScript,
  ScriptFault,
  type SignedTransaction,
  signScript,
} from '../chain/transaction.ts';
import { datoshi } from '../chain/types.ts';
import { contractCall } from '../contract/client/call.ts';
import { type Claim, claimCodeName, MAX_CLAIMS_PER_CALL, MAX_NOTIFICATIONS } from '../contract/client/claim.ts';
import { decodeEvent } from '../contract/client/event.ts';
import { findCandidates } from './candidates.ts';
import { type PreparedClaim, prepareClaim } from './claim.ts';
import type { Deps } from './deps.ts';
import { park, parkUnknown } from './park.ts';
import { type Plan, plan } from './plan.ts';
import { type ReasonCode, wordsOf } from './reasons.ts';
import { seal } from './seal.ts';
import { submit } from './submit.ts';

/** One claim makes one notification, and the chain takes so many in a transaction. */
const CLAIMS_PER_TRANSACTION = MAX_NOTIFICATIONS;

/**
 * Claims what is due: plan, ask the chain what it would say (for nothing), seal, then send. Answers the hash of the
 * transaction that was sealed, if any.
 */
export async function settle(deps: Deps): Promise<SignedTransaction | null> {
  await parkUnknown(deps);
  const prepared: PreparedClaim[] = [];
  for (const candidate of await findCandidates(deps, CLAIMS_PER_TRANSACTION)) {
    const planned = plan(candidate, deps.policy, new Date());
    await noteReasons(deps, planned);
    if (planned.claimed.length > 0) prepared.push(await prepareClaim(deps, candidate, planned.claimed));
  }
  return prepared.length > 0 ? settleClaims(deps, prepared) : null;
}

/** Leaves out what the chain would reject; a batch that it would not run at all, or that costs too much, is halved. */
async function settleClaims(deps: Deps, prepared: readonly PreparedClaim[]): Promise<SignedTransaction | null> {
  try {
    const accepted = await preflight(deps, prepared);
    if (accepted.length === 0) return null;
    const signed = await sign(deps, accepted);
    if (!(await seal(deps, signed, accepted))) {
      deps.log.info('another settler was faster; nothing was sealed');
      return null;
    }
    deps.log.info({ txHash: signed.hash, claims: accepted.length, validUntilBlock: signed.validUntilBlock }, 'sealed');
    await submit(deps, signed);
    return signed;
  } catch (error) {
    const [only] = prepared;
    if (prepared.length > 1 && (error instanceof ScriptFault || error instanceof FeeLimitExceeded)) {
      return settleClaims(deps, prepared.slice(0, Math.ceil(prepared.length / 2)));
    }
    if (error instanceof ScriptFault && only)
      return park(deps, only.claim.escrowId, `the chain would not run its claim: ${error.exception}`).then(() => null);
    if (!(error instanceof FeeLimitExceeded)) throw error;
    deps.log.error(error.message);
    return null;
  }
}

/** What the contract would say of each claim now. */
async function preflight(deps: Deps, prepared: readonly PreparedClaim[]): Promise<PreparedClaim[]> {
  const { state, exception, notifications } = await invokeScript(deps.rpc, settleScript(deps, prepared), [
    deps.signer.address,
  ]);
  if (state !== 'HALT') throw new ScriptFault(exception ?? 'FAULT');
  const codeOf = new Map<bigint, number>();
  for (const notification of notifications.filter(({ contract }) => contract === deps.contract)) {
    const event = decodeEvent(notification.name, notification.state);
    if (event.name === 'ClaimRejected') codeOf.set(event.escrowId, Number(event.code));
  }
  for (const { claim, calls } of prepared) {
    const code = codeOf.get(claim.escrowId);
    const reason = code === undefined ? undefined : claimCodeName(code);
    if (!reason) continue;
    deps.log.warn(
      { escrowId: Number(claim.escrowId), seq: Number(claim.seq), reason },
      'the chain would reject this claim now',
    );
    await noteReasons(deps, { failed: [], waiting: calls.map(({ cdrId }) => ({ cdrId, reason })) });
  }
  return prepared.filter(({ claim }) => !codeOf.has(claim.escrowId));
}

async function sign(deps: Deps, accepted: readonly PreparedClaim[]): Promise<SignedTransaction> {
  const { rpc, network, signer: account, validForBlocks, feePerTransactionLimit, feePerHourLimit } = deps;
  const left = datoshi(feePerHourLimit - (await feesOfLastHour(deps)));
  const feeLimit = left < feePerTransactionLimit ? left : feePerTransactionLimit;
  return signScript(rpc, settleScript(deps, accepted), { network, account, validForBlocks, feeLimit });
}

/** The only script that this key signs: `settle` calls of the one contract. */
function settleScript({ contract }: Pick<Deps, 'contract'>, prepared: readonly PreparedClaim[]): Buffer {
  const claims = prepared.map(({ claim }) => claim);
  const calls: Claim[][] = [];
  for (let i = 0; i < claims.length; i += MAX_CLAIMS_PER_CALL) calls.push(claims.slice(i, i + MAX_CLAIMS_PER_CALL));
  return scriptOf(calls.map((chunk) => contractCall(contract, 'settle', { claims: chunk })));
}

async function feesOfLastHour({ db }: Pick<Deps, 'db'>): Promise<bigint> {
  const { total } = await db
    .selectFrom('transactions')
    .select(({ fn, eb }) =>
      fn.coalesce(fn.sum<bigint>(eb('systemFee', '+', eb.ref('networkFee'))), eb.val(0n)).as('total'),
    )
    .where('sealedAt', '>', new Date(Date.now() - 3_600_000))
    .executeTakeFirstOrThrow();
  return BigInt(total);
}

/** What becomes of calls that are not claimed now, for their provider to read. */
async function noteReasons(
  { db }: Pick<Deps, 'db'>,
  { failed, waiting }: Pick<Plan, 'failed' | 'waiting'>,
): Promise<void> {
  const note = (cdrId: bigint, state: 'failed' | 'rated', code: ReasonCode) =>
    db
      .updateTable('ratings')
      .set({ state, reasonCode: code, reason: wordsOf(code) })
      .where('cdrId', '=', cdrId)
      .where('state', '=', 'rated')
      .where((eb) => eb.or([eb('state', '!=', state), eb('reasonCode', 'is distinct from', code)]))
      .execute();
  for (const { cdrId, reason } of failed) await note(cdrId, 'failed', reason);
  for (const { cdrId, reason } of waiting) await note(cdrId, 'rated', reason);
}
