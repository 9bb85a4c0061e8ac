import { type CallState, isHeldByUs } from './call-state.ts';

/** Several calls at the same time: one has the sound, one more may wait. */

export type Known = { id: string; state: CallState };

/** Two are as many as a person can tell apart; a third caller hears that the line is busy. */
const MAX_CALLS = 2;

const isLive = ({ state }: Known) => state.kind !== 'over';

/** What a call that comes in meets. */
export const onIncoming = (calls: readonly Known[]): 'ring' | 'busy' =>
  calls.filter(isLive).length >= MAX_CALLS ? 'busy' : 'ring';

export const mayCall = (calls: readonly Known[]): boolean => calls.filter(isLive).length < MAX_CALLS;

/** Those that have to be held before this one gets the sound. */
export const toHold = (calls: readonly Known[], id: string): string[] =>
  calls
    .filter((call) => call.id !== id && call.state.kind === 'talking' && !isHeldByUs(call.state))
    .map(({ id }) => id);
