import { writeFileSync } from 'node:fs';
import { setPriority } from 'node:os';

/** On a scale from 19, the last, to -20 (nice(2)). */
const FIRST = -10;

/**
 * Lets a process that waits for a processor have one before others do; answers whether the system allows it, which it
 * does to root. Linux weighs processes within a session, and sessions against each other (sched(7), autogroup).
 */
export function putFirst(pid: number): boolean {
  try {
    writeFileSync(`/proc/${pid}/autogroup`, String(FIRST));
    setPriority(pid, FIRST);
    return true;
  } catch {
    return false;
  }
}
