import { effect, type ReadonlySignal } from '@preact/signals';
import { account } from './account.ts';
import { lock } from './wallet.ts';

/** What counts as a touch. */
const touches = ['pointerdown', 'keydown', 'wheel'] as const;
/** A device that slept runs no timer: the clock is looked at, and when the page comes to the front. */
const LOOK_MS = 5_000;
/** When this browser's pages were touched last: a time, and no secret. */
const KEY = 'krypton.touchedAt';

type Rules = { minutes: ReadonlySignal<number | null>; busy: ReadonlySignal<boolean> };

/**
 * Locks the wallet when nobody has touched any of its pages for so long, also while all of them were closed. A call
 * counts as a touch.
 */
export function lockWhenIdle({ minutes, busy }: Rules): void {
  let writtenAt = 0;
  const touch = () => {
    if (Date.now() - writtenAt < LOOK_MS / 2) return; // a disk is not to be written with each turn of a wheel
    writtenAt = Date.now();
    localStorage.setItem(KEY, String(writtenAt));
  };
  const look = () => {
    if (account.value.kind !== 'unlocked') return;
    if (busy.value) touch();
    const idleMs = Date.now() - Number(localStorage.getItem(KEY) ?? Date.now());
    if (minutes.value !== null && idleMs >= minutes.value * 60_000) void lock();
  };
  for (const name of touches) addEventListener(name, touch, { capture: true, passive: true });
  document.addEventListener('visibilitychange', look);
  setInterval(look, LOOK_MS);
  // Whoever has just unlocked it has touched it. A page that was opened anew finds out how long nobody has.
  effect(look);
}
