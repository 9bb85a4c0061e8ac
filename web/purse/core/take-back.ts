import type { Escrow } from './holdings.ts';

/**
 * What the user can do to have the rest of an escrow back. Until it ends, calls may use it. From its end to its claim
 * deadline the provider may claim what was used. After that anyone may give the rest back to its user.
 */
export type TakeBack =
  /** The user closes it; then it waits for its provider, this long at most. */
  | { kind: 'close'; windowMs: number }
  /** Its provider may still claim: nothing can be done before. */
  | { kind: 'wait'; from: Date }
  | { kind: 'refund' };

export function takeBackOf({ endsAt, claimDeadline }: Pick<Escrow, 'endsAt' | 'claimDeadline'>, now: Date): TakeBack {
  if (now > claimDeadline) return { kind: 'refund' };
  if (now >= endsAt) return { kind: 'wait', from: claimDeadline };
  return { kind: 'close', windowMs: claimDeadline.getTime() - endsAt.getTime() };
}

/** Whether a call may begin in it. */
export const isOpen = ({ endsAt }: Pick<Escrow, 'endsAt'>, now: Date): boolean => now < endsAt;
