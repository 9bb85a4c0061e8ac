import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** A process id alone may come to name another process; together with its start time it does not. */
export interface ProcessId {
  readonly pid: number;
  readonly startTicks: string;
}

const pollMs = 50;

export function identify(pid: number): ProcessId | undefined {
  const stat = readStat(pid);
  return stat && { pid, startTicks: stat.startTicks };
}

export function isAlive(id: ProcessId): boolean {
  const stat = readStat(id.pid);
  return stat !== undefined && stat.state !== 'Z' && stat.startTicks === id.startTicks;
}

export async function waitUntilGone(ids: readonly ProcessId[], timeoutMs: number): Promise<ProcessId[]> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const alive = ids.filter(isAlive);
    if (alive.length === 0 || Date.now() > deadline) return alive;
    await sleep(pollMs);
  }
}

/** /proc/pid/stat: the name (in brackets) may hold anything, so the fields are counted from the last bracket. */
export function parseStat(stat: string): { state: string; startTicks: string } | undefined {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state, startTicks] = [fields[0], fields[19]];
  return state && startTicks ? { state, startTicks } : undefined;
}

function readStat(pid: number): { state: string; startTicks: string } | undefined {
  try {
    return parseStat(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return undefined;
  }
}
