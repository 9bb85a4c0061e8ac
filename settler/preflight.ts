import { invokeScript, ScriptFault } from '../chain/invoke.ts';
import { type WaitingReason, waitingFor } from '../protocol/call/reasons.ts';
import { claimCodeName } from '../protocol/contract/claim.ts';
import type { Datoshi } from '../protocol/types/datoshi.ts';
import { answersOf } from './answers.ts';
import { claimsOf, settleScript } from './batch.ts';
import { letRejectedRest } from './candidates.ts';
import type { PreparedClaim } from './claim.ts';
import type { Deps } from './deps.ts';
import { note } from './notes.ts';

/** The chain takes scripts of 65,535 bytes; with usual amounts, 512 claims with vouchers are a little longer. */
const MAX_SCRIPT_BYTES = 60_000;

/** The claims that would pass; what they cost, where they are all that was asked about. */
type Passed = { accepted: PreparedClaim[]; gasConsumed: Datoshi | undefined };

/**
 * Leaves out, and sets aside, what the contract would reject now. @throws ScriptFault where the chain would not run the
 * claims at all
 */
export async function preflight(deps: Deps, prepared: readonly PreparedClaim[]): Promise<Passed> {
  const script = settleScript(deps, claimsOf(prepared));
  if (script.length > MAX_SCRIPT_BYTES) throw new ScriptFault('the script is too long');
  const execution = await invokeScript(deps.rpc, script, [deps.signer.address]);
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
  return { accepted, gasConsumed: accepted.length === prepared.length ? execution.gasConsumed : undefined };
}

/** Others come first for a while. */
export async function setAside(deps: Deps, prepared: readonly PreparedClaim[], reason: WaitingReason): Promise<void> {
  for (const { claim } of prepared) letRejectedRest(deps, claim.escrowId);
  await note(deps, { waiting: prepared.flatMap(({ calls }) => calls.map(({ cdrId }) => ({ cdrId, reason }))) });
}
