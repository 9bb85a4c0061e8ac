import type { Datoshi } from '../protocol/types/datoshi.ts';
import { findCandidates, letRest } from './candidates.ts';
import { type PlannedClaim, type PreparedClaim, prepareClaims } from './claim.ts';
import type { Deps } from './deps.ts';
import { type Note, note } from './notes.ts';
import { plan } from './plan.ts';

/** Calls of one transaction: they are locked and updated together, well within the limit of a statement. */
const CALLS_PER_TRANSACTION = 50_000;
/** Calls that are told together why they wait. */
const NOTES_AT_A_TIME = 10_000;

/** Plans one escrow after the other until a transaction is full; the nearest deadline comes first. */
export async function orderClaims(deps: Deps, limit: number, minAmount: Datoshi): Promise<PreparedClaim[]> {
  const policy = { ...deps.policy, minAmount };
  const planned: PlannedClaim[] = [];
  let calls = 0;
  let notes = { waiting: [] as Note[], failed: [] as Note[] };
  for await (const candidate of findCandidates(deps)) {
    const { claimed, failed, waiting } = plan(candidate, policy, new Date());
    notes.waiting.push(...waiting);
    // What a claim leaves nothing for has failed only when that claim is accepted: the next plan says so.
    if (claimed.length === 0) notes.failed.push(...failed);
    if (notes.waiting.length + notes.failed.length >= NOTES_AT_A_TIME) {
      await note(deps, notes);
      notes = { waiting: [], failed: [] };
    }
    if (claimed.length === 0) {
      letRest(deps, candidate.escrow.id);
      continue;
    }
    planned.push({ escrow: candidate.escrow, voucher: candidate.voucher, calls: claimed });
    calls += claimed.length;
    if (planned.length >= limit || calls >= CALLS_PER_TRANSACTION) break;
  }
  await note(deps, notes);
  return prepareClaims(deps, planned);
}
