import Table from 'cli-table3';
import { formatGas } from '../protocol/types/datoshi.ts';

/** The answer of a command: one JSON document for programs, lines for a person. */
export function print(json: boolean, value: unknown, lines: readonly string[] | (() => readonly string[])): void {
  const shown = json ? [toJson(value)] : typeof lines === 'function' ? lines() : lines;
  for (const line of shown) process.stdout.write(`${line}\n`);
}

/** Money is bigint inside and a decimal string in JSON. */
export function toJson(value: unknown): string {
  return JSON.stringify(value, (_key, item) => (typeof item === 'bigint' ? item.toString() : item), 2);
}

/** `1.5 GAS (150000000 datoshi)` */
export const money = (amount: bigint): string => `${formatGas(amount)} GAS (${amount} datoshi)`;

/** Fields below each other, their values aligned; absent ones are left out. */
export function fields(rows: Record<string, string | number | null | undefined>): string[] {
  const present = Object.entries(rows).filter(([, value]) => value !== null && value !== undefined && value !== '');
  const width = Math.max(...present.map(([name]) => name.length));
  return present.map(([name, value]) => `${name.padEnd(width)}  ${value}`);
}

/** A table without lines, as other commands' output is; an empty one says so. */
export function table(head: readonly string[], rows: readonly (readonly string[])[], empty: string): string[] {
  if (rows.length === 0) return [empty];
  const drawn = new Table({
    head: [...head],
    chars: noLines,
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 2 },
  });
  drawn.push(...rows.map((row) => [...row]));
  return drawn
    .toString()
    .split('\n')
    .map((line) => line.trimEnd());
}

const noLines = Object.fromEntries(
  ['top', 'top-mid', 'top-left', 'top-right', 'bottom', 'bottom-mid', 'bottom-left', 'bottom-right'] //
    .concat(['left', 'left-mid', 'mid', 'mid-mid', 'right', 'right-mid', 'middle'])
    .map((place) => [place, '']),
);

/** `1 h 30 min`, the two largest units. */
export function span(ms: number): string {
  const units = [
    [86_400_000, 'd'],
    [3_600_000, 'h'],
    [60_000, 'min'],
    [1_000, 's'],
  ] as const;
  let rest = Math.max(0, ms);
  const parts: string[] = [];
  for (const [size, unit] of units) {
    const count = Math.floor(rest / size);
    rest -= count * size;
    if (count > 0 && parts.length < 2) parts.push(`${count} ${unit}`);
  }
  return parts.join(' ') || '0 s';
}
