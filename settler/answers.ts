import type { Execution } from '../chain/invoke.ts';
import { decodeEvent } from '../protocol/contract/event.ts';
import type { Deps } from './deps.ts';

type Answer = { escrowId: bigint; seq: bigint; code: number | null };

/**
 * What the contract said of each claim: accepted (code null), or rejected. Other notifications, also those of a later
 * version, are left out.
 */
export function answersOf({ contract }: Pick<Deps, 'contract'>, { notifications }: Execution): Answer[] {
  const answers: Answer[] = [];
  for (const emitted of notifications) {
    if (emitted.contract !== contract || !['EscrowSettled', 'ClaimRejected'].includes(emitted.name)) continue;
    const event = decodeEvent(emitted.name, emitted.state);
    if (event.name === 'EscrowSettled') answers.push({ escrowId: event.id, seq: event.seq, code: null });
    if (event.name === 'ClaimRejected')
      answers.push({ escrowId: event.escrowId, seq: event.seq, code: Number(event.code) });
  }
  return answers;
}
