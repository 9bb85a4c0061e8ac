import { computed } from '@preact/signals';
import { formatGas } from '../../protocol/types/datoshi.ts';
import { language } from './strings/strings.ts';

/** The language as it is written where the person is: dates in Britain are not those of America. */
export const locale = computed(
  () => navigator.languages.find((tag) => tag.split('-')[0] === language.value) ?? language.value,
);

/** Datoshi as the person's language writes a number of GAS, all digits kept: "1,234.5". */
export function gasText(value: bigint, language: string): string {
  const digits = new Intl.NumberFormat(language, { maximumFractionDigits: 8 });
  // A decimal text stays exact; a number would not.
  return digits.format(formatGas(value) as Intl.StringNumericLiteral);
}

export const formatAmount = (value: bigint): string => `${gasText(value, locale.value)} GAS`;

export const formatTime = (time: Date): string =>
  new Intl.DateTimeFormat(locale.value, { dateStyle: 'medium', timeStyle: 'short' }).format(time);

/** "4:07", "1:02:03": the time of a call. */
export function formatDuration(seconds: number): string {
  const [hours, minutes, rest] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, Math.floor(seconds) % 60];
  const two = (part: number) => String(part).padStart(2, '0');
  return hours > 0 ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}
