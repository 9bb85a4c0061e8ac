import { computed, signal } from '@preact/signals';
import type { Address } from '../../../protocol/types/address.ts';
import { secondsLeft } from '../call/meter.ts';
import { createMicrophone } from './microphone.ts';
import { hasAnswered } from './push.ts';
import { createBell } from './ring.ts';
import { soundChoice } from './sound-choice.ts';
import type { Telephone } from './telephone.ts';

/** The one telephone of this page, as views see it. */
export const phone = signal<Telephone | null>(null);
/** Another tab has it. */
export const isElsewhere = signal(false);
export const mayRing = signal(false);
/** Whether its person has said yes or no to calls that are shown, and that wake it, while it is not in front. */
export const hasSaid = signal(hasAnswered());
/** Once a second: what counts time is drawn anew. */
export const clock = signal(Date.now());

export const liveCalls = computed(() => phone.value?.calls.value ?? []);
export const callViews = computed(() => liveCalls.value.map(({ view }) => view.value));

export const lineOf = (provider: Address) => phone.value?.lines.value.find((line) => line.provider === provider);

/** Seconds that the money of a call reaches for. Null: it costs nothing, or needs no voucher. */
export function leftOf(made: Telephone, id: string): number | null {
  const view = callViews.peek().find((each) => each.id === id);
  const payer = view?.escrowId == null ? null : made.money.payer(view.escrowId);
  const talk = payer?.talk(id);
  return payer && talk ? secondsLeft(payer.reserve(), talk, payer.others(id), Date.now()) : null;
}

export const bell = createBell();

export async function unlockBell(): Promise<void> {
  mayRing.value = await bell.unlock();
}

export const microphone = createMicrophone(
  {
    onSystemMute: (on) => {
      if (on) bell.play('beep', 2);
      for (const call of liveCalls.value) call.happen({ kind: 'systemMute', on });
    },
    onLost: () => void phone.value?.changeMicrophone(),
  },
  () => soundChoice.value.microphone,
);
