import { effect, type Signal, signal } from '@preact/signals';
import { z } from 'zod';
import { language, spokenLanguage } from './strings/strings.ts';

/** What the person chose, kept in localStorage. Never a secret: anybody who opens this browser may read it. */
const KEY = 'krypton.preferences';

export const themes = ['system', 'light', 'dark'] as const;
export type Theme = (typeof themes)[number];

/** Each value that cannot be read is the default, and the others stand. */
const schema = z.object({
  language: z.enum(['en', 'nl']).nullable().catch(null),
  theme: z.enum(themes).catch('system'),
  /** A node of the person's own instead of those in settings.json. */
  node: z.url().nullable().catch(null),
  /** The wallet locks itself after so long without a touch. Null: it does not. */
  idleLockMinutes: z.number().int().min(1).max(1_440).nullable().catch(15),
});
type Preferences = z.infer<typeof schema>;

const defaults = schema.parse({ idleLockMinutes: 15 });

export const preferences: Signal<Preferences> = signal(defaults);

export const change = (changed: Partial<Preferences>): void => {
  preferences.value = { ...preferences.value, ...changed };
};

/** Reads what was kept, keeps what changes, and lets the page follow. */
export function keepPreferences(): void {
  preferences.value = schema.catch(defaults).parse(readJson(localStorage.getItem(KEY)));
  effect(() => {
    localStorage.setItem(KEY, JSON.stringify(preferences.value));
    language.value = preferences.value.language ?? spokenLanguage(navigator.languages);
    const root = document.documentElement;
    root.lang = language.value;
    root.dataset.theme = preferences.value.theme;
  });
}

function readJson(text: string | null): unknown {
  try {
    return JSON.parse(text ?? 'null');
  } catch {
    return null; // somebody wrote something else there
  }
}
