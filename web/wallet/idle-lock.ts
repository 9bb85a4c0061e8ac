import { effect, type ReadonlySignal } from '@preact/signals';
import { account } from './account.ts';
import { lock } from './wallet.ts';

/** What counts as a touch. */
const touches = ['pointerdown', 'keydown', 'wheel'] as const;
/** A device that slept runs no timer: the clock is looked at, and when the page comes to the front. */
const LOOK_MS = 5_000;

type Rules = { minutes: ReadonlySignal<number | null>; busy: ReadonlySignal<boolean> };

/** Locks the wallet when nobody has touched the page for so long. */
export function lockWhenIdle({ minutes, busy }: Rules): void {
  let touchedAt = Date.now();
  const touch = () => {
    touchedAt = Date.now();
  };
  const look = () => {
    if (busy.value) touch();
    const idleMs = Date.now() - touchedAt;
    if (minutes.value !== null && idleMs >= minutes.value * 60_000) void lock();
  };
  effect(() => {
    if (account.value.kind !== 'unlocked') return;
    touch();
    for (const name of touches) addEventListener(name, touch, { capture: true, passive: true });
    document.addEventListener('visibilitychange', look);
    const timer = setInterval(look, LOOK_MS);
    return () => {
      for (const name of touches) removeEventListener(name, touch, { capture: true });
      document.removeEventListener('visibilitychange', look);
      clearInterval(timer);
    };
  });
}
