import { signal } from '@preact/signals';
import { z } from 'zod';

/** Which devices the person chose, and how loud a call is. No secret: it stands in localStorage. */
const schema = z.object({
  microphone: z.string().nullable().catch(null),
  speaker: z.string().nullable().catch(null),
  ringer: z.string().nullable().catch(null),
  volume: z.number().min(0).max(1).catch(1),
});
export type SoundChoice = z.infer<typeof schema>;

const KEY = 'krypton.sound';
const defaults: SoundChoice = { microphone: null, speaker: null, ringer: null, volume: 1 };

function read(): SoundChoice {
  try {
    return schema.catch(defaults).parse(JSON.parse(localStorage.getItem(KEY) ?? 'null'));
  } catch {
    return defaults; // somebody wrote something else there
  }
}

export const soundChoice = signal<SoundChoice>(globalThis.localStorage ? read() : defaults);

export function chooseSound(changed: Partial<SoundChoice>): void {
  soundChoice.value = { ...soundChoice.value, ...changed };
  localStorage.setItem(KEY, JSON.stringify(soundChoice.value));
}
