import { computed, signal } from '@preact/signals';
import { english } from './en/index.ts';
import { dutch } from './nl/index.ts';
import type { Translation } from './translation.ts';

/** All that a person reads, by part of the program. */
export type Strings = Translation<typeof english>;

export const languages = { en: 'English', nl: 'Nederlands' } as const;
export type Language = keyof typeof languages;

const catalogues: Record<Language, Strings> = { en: english, nl: dutch };

/** The first of the person's languages that we speak. */
export function spokenLanguage(wanted: readonly string[]): Language {
  const ours = Object.keys(languages) as Language[];
  const found = wanted.flatMap((tag) => ours.filter((each) => tag.toLowerCase().split('-')[0] === each));
  return found[0] ?? 'en';
}

export const language = signal<Language>('en');

/** `t.value.wallet.lock`: a view that reads it is drawn again when the language changes. */
export const t = computed<Strings>(() => catalogues[language.value]);
