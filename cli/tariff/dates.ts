import { isRealTime } from '../../protocol/types/time.ts';
import type { Read } from './read.ts';

/** Of 01/02/2026 nobody knows which one is the day. */
export type DateOrder = 'dmy' | 'mdy';

const time = String.raw`(?:[T ](\d\d):(\d\d)(?::(\d\d)(\.\d{1,3})?)?Z?)?`;
const yearFirst = new RegExp(String.raw`^(\d{4})([-/]?)(\d\d)\2(\d\d)${time}$`);
const yearLast = new RegExp(String.raw`^(\d\d?)([./-])(\d\d?)\2(\d{4})${time}$`);

const expectedDate = 'expected a day or a time in UTC, e.g. 2026-01-31, 31.01.2026 or 2026-01-31T12:00:00Z';

/** A cell -> the time as a deck has it, in UTC. A day begins at midnight. */
export function readDate(cell: string, order: DateOrder | null): Read<string> {
  const first = yearFirst.exec(cell);
  if (first) {
    const [, year, , month, day, ...clock] = first;
    return checked(year, month, day, clock);
  }
  const last = yearLast.exec(cell);
  if (!last) return { expected: expectedDate };
  const [, one, separator, other, year, ...clock] = last;
  const known = order ?? (separator === '.' ? 'dmy' : null);
  if (known === null)
    return { expected: 'expected to be told what comes first, the day or the month: --dates dmy|mdy' };
  return known === 'dmy' ? checked(year, other, one, clock) : checked(year, one, other, clock);
}

type Part = string | undefined;

function checked(year: Part, month: Part, day: Part, [hour, minute, second, fraction]: Part[]): Read<string> {
  const two = (part: Part) => (part ?? '').padStart(2, '0');
  const milliseconds = (fraction ?? '.').slice(1).padEnd(3, '0');
  const clock = `${two(hour)}:${two(minute)}:${two(second)}.${milliseconds}Z`;
  const text = `${year}-${two(month)}-${two(day)}T${clock}`;
  return isRealTime(text) && new Date(text).toISOString() === text ? { value: text } : { expected: expectedDate };
}
