import { effect, type Signal, signal } from '@preact/signals';
import { current, followAccount } from './current.ts';
import { type Face, faceOf } from './face.ts';

/** The purse as the telephone sees it; null before there is one. */
export const face = signal<Face | null>(null);

/** From now on there is a purse for the page's account, and what depends on it is told. */
export async function startPurse(isRegistered: Signal<boolean>): Promise<void> {
  await followAccount();
  effect(() => {
    const { value } = current;
    face.value = value && faceOf(value);
  });
  effect(() => {
    isRegistered.value = (current.value?.purse.holdings.value?.registrations.length ?? 0) > 0;
  });
}
