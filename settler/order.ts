import type { Datoshi } from '../protocol/types/datoshi.ts';
import { findCandidates, letRest } from './candidates.ts';
import { type PreparedClaim, prepareClaim } from './claim.ts';
import type { Deps } from './deps.ts';
import { note } from './notes.ts';
import { plan } from './plan.ts';

/** Calls of one transaction: they are locked and updated together, well within the limit of a statement. */
const CALLS_PER_TRANSACTION = 50_000;

/** Plans one escrow after the other until a transaction is full; the nearest deadline comes first. */
export async function orderClaims(deps: Deps, limit: number, minAmount: Datoshi): Promise<PreparedClaim[]> {
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
