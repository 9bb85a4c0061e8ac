import type { CdrState, CdrVerdict } from '../../protocol/api/cdrs.ts';
import type { Candidate } from './submitted.ts';

/** A CDR of a call, with its rating as far as it has one. */
export type StandingCdr = {
  id: bigint;
  contentHash: Buffer;
  state: Exclude<CdrState, 'received'> | null;
  price: bigint | null;
};

/**
 * Of one call: a provider that errs more often has to look at their records, and each CDR of a call is read with each
 * new one.
 */
export const MAX_CORRECTIONS = 20;

export type Judged = Pick<CdrVerdict, 'id' | 'verdict' | 'state' | 'reason'>;

/**
 * What becomes of a CDR that was sent and is not new, by what stands under its callId after all that could be stored was
 * stored: the first CDR and its corrections, the newest last. Only the newest counts; the others are superseded.
 */
export function judge(candidate: Candidate, standing: readonly StandingCdr[]): Judged {
  const newest = standing.at(-1);
  if (!newest) return { id: null, verdict: 'invalid', state: null, reason: 'corrects: there is no CDR of this callId' };
  const same = standing.find(({ contentHash }) => contentHash.toString('hex') === candidate.hash);
  if (same) {
    const state = same === newest ? (same.state ?? 'received') : 'superseded';
    return { id: Number(same.id), verdict: 'duplicate', state, reason: null };
  }
  const reason = conflictOf(candidate.content.corrects ?? null, standing, newest);
  return { id: Number(newest.id), verdict: 'conflict', state: newest.state ?? 'received', reason };
}

/** Why a CDR with another content can't stand, and what could. */
function conflictOf(corrects: number | null, standing: readonly StandingCdr[], newest: StandingCdr): string {
  if (corrects === null) {
    const stays = 'another CDR stands under this callId';
    return isNeverPaid(newest) && standing.length <= MAX_CORRECTIONS
      ? `${stays}, and will never be paid; to replace it, send this one with corrects: ${newest.id}`
      : `${stays}; it stays as it is`;
  }
  if (!standing.some(({ id }) => id === BigInt(corrects))) return `CDR ${corrects} is not one of this callId`;
  if (newest.id !== BigInt(corrects)) return `CDR ${corrects} was corrected already; the newest is CDR ${newest.id}`;
  if (newest.state !== null && !isNeverPaid(newest))
    return `CDR ${corrects} may be paid, or was paid (${newest.state}): it can't be corrected`;
  if (standing.length > MAX_CORRECTIONS) return `a call is corrected ${MAX_CORRECTIONS} times at most`;
  return `CDR ${corrects} was not rated yet; once it is clear that it will never be paid, send this again`;
}

/** As `is_never_paid` in Postgres says, which decides. */
const isNeverPaid = ({ state, price }: StandingCdr): boolean =>
  state === 'rejected' || (state === 'rated' && price === 0n);
