import type { Strings } from '../../ui/strings/strings.ts';
import { type CallState, isHeldByThem, isHeldByUs, type Outcome } from '../call/call-state.ts';
import type { Complaint, Silence } from '../call/quality.ts';

type Words = Strings['telephone'];

/** What a provider's reason means; one that we do not know is shown as it came, as text. */
export const wordsOf = (reason: string, words: Words): string =>
  Object.hasOwn(words.reason, reason) ? words.reason[reason as keyof Words['reason']] : reason.slice(0, 100);

export function outcomeText(outcome: Outcome, { outcome: words, ...rest }: Words): string {
  switch (outcome.kind) {
    case 'hungUp':
      return outcome.by === 'us' ? words.hungUpByUs : words.hungUpByThem;
    case 'declined':
      return outcome.by === 'us' ? words.declinedByUs : words.declinedByThem;
    case 'endedByProvider':
      return words.endedByProvider(wordsOf(outcome.reason, { outcome: words, ...rest }));
    case 'refused':
      return words.refused(wordsOf(outcome.reason ?? String(outcome.status), { outcome: words, ...rest }));
    default:
      return words[outcome.kind];
  }
}

export function stateText(state: CallState, words: Words): string {
  switch (state.kind) {
    case 'talking':
      if (state.downSince !== null) return words.reconnecting;
      if (isHeldByUs(state)) return words.onHold;
      return isHeldByThem(state) ? words.heldByThem : '';
    case 'over':
      return outcomeText(state.outcome, words);
    default:
      return words[state.kind];
  }
}

/** The one sentence that helps most: silence before bad sound. */
export function troubleText(silence: Silence, complaint: Complaint | null, words: Words): string | null {
  if (silence.in && silence.out) return words.silenceBoth;
  if (silence.in) return words.silenceIn;
  if (silence.out) return words.silenceOut;
  if (complaint === null) return null;
  return { loss: words.badLoss, jitter: words.badJitter, delay: words.badDelay }[complaint];
}
