import { readFileSync } from 'node:fs';

/** MiB that a process has in memory, as Linux says; null: there is no such process. */
export const residentMiB = (pid: number | undefined): number | null => memoryOf(pid, 'VmRSS');

/** The most that it has had so far. */
export const peakMiB = (pid: number | undefined): number | null => memoryOf(pid, 'VmHWM');

function memoryOf(pid: number | undefined, name: 'VmRSS' | 'VmHWM'): number | null {
  try {
    const [, kib] = new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
    return kib === undefined ? null : Math.round(Number(kib) / 1024);
  } catch {
    return null;
  }
}
