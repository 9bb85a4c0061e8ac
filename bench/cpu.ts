import { readdirSync, readFileSync } from 'node:fs';

/** Seconds of processor time so far; null where the system does not tell. */
export type CpuClock = () => number | null;

/** Linux counts in hundredths of a second. */
const TICKS_PER_SECOND = 100;

type Stat = { parent: number; ticks: number };

/** Of a process: its own, not that of its children. */
export const cpuClockOf = (pid: number): CpuClock => {
  return () => {
    const stat = statOf(pid);
    return stat && stat.ticks / TICKS_PER_SECOND;
  };
};

/** Of a server that has a process for each connection, of which one is known: all of them together. */
export const cpuClockOfSiblings = (pid: number): CpuClock => {
  const parent = statOf(pid)?.parent;
  return () => {
    const all = readdirSync('/proc').flatMap((name) => (/^\d+$/.test(name) ? (statOf(Number(name)) ?? []) : []));
    const own = all.filter((each) => each.parent === parent);
    return own.length === 0 ? null : own.reduce((sum, { ticks }) => sum + ticks, 0) / TICKS_PER_SECOND;
  };
};

/** Null: there is no such process, or no Linux. */
function statOf(pid: number): Stat | null {
  try {
    // behind its name, which may hold anything
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ');
    return { parent: Number(fields[1]), ticks: Number(fields[11]) + Number(fields[12]) };
  } catch {
    return null;
  }
}
