import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, fstatSync, openSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { followFile } from './follow.ts';
import { putFirst } from './priority.ts';
import { inOneLine, Trouble } from './trouble.ts';

/** What a part is, before it runs. */
export interface PartPlan {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly logFile: string;
  /** What the kernel sends it when the supervisor dies, even by SIGKILL: see start(). */
  readonly deathSignal: NodeJS.Signals;
  readonly stopSignal: NodeJS.Signals;
  /** How long an orderly stop may take before SIGKILL. */
  readonly stopTimeoutMs: number;
  /** Further arguments for setpriv: another user, capabilities. */
  readonly privileges?: readonly string[];
  /** Opens an IPC channel on which the part sends {ready: true}. */
  readonly reportsReady?: boolean;
  /** Somebody waits for what it answers: it does not wait for a processor itself. */
  readonly goesFirst?: boolean;
  /** What helps where it does not start because its data is damaged: said after its last words. */
  readonly remedy?: string;
}

export interface Part {
  readonly name: string;
  readonly remedy: string | undefined;
  readonly pid: number;
  /** Resolves, never rejects, with words for how it ended. */
  readonly ended: Promise<string>;
  hasReportedReady(): boolean;
  hasEnded(): boolean;
  lastLines(): string[];
  stop(): Promise<void>;
  kill(): void;
}

const keptLines = 12;
const readyPollMs = 50;

/**
 * Runs a command that the kernel ends when this process dies. setpriv (util-linux, part of every Debian) sets the death
 * signal; a parent that died just before is then seen by the shell, as its children belong to another by now. Both go
 * on by exec, so the process id stays, and becomes the command's.
 */
export function boundToUs(
  deathSignal: NodeJS.Signals,
  privileges: readonly string[],
  command: string,
  args: readonly string[],
): string[] {
  const onlyBelowUs = ['sh', '-c', '[ "$PPID" = "$0" ] && exec "$@"', String(process.pid)];
  return ['setpriv', '--pdeathsig', deathSignal.slice(3), ...privileges, ...onlyBelowUs, command, ...args];
}

/**
 * `detached` gives it a process group of its own: a terminal's Ctrl-C reaches the supervisor only, which then stops the
 * parts in order.
 */
export function startPart(plan: PartPlan, onLine: (line: string) => void): Part {
  const log = openSync(plan.logFile, 'a', 0o600);
  const begin = fstatSync(log).size;
  const [program = '', ...args] = boundToUs(plan.deathSignal, plan.privileges ?? [], plan.command, plan.args);
  const child = spawn(program, args, {
    detached: true,
    stdio: ['ignore', log, log, ...(plan.reportsReady ? (['ipc'] as const) : [])],
    ...(plan.cwd ? { cwd: plan.cwd } : {}),
    ...(plan.env ? { env: plan.env } : {}),
  });
  closeSync(log);
  if (plan.goesFirst && child.pid !== undefined) putFirst(child.pid);

  const recent: string[] = [];
  const follower = followFile(plan.logFile, begin, (line) => {
    recent.push(line);
    if (recent.length > keptLines) recent.shift();
    onLine(line);
  });
  let ready = false;
  child.on('message', (message) => {
    ready ||= isReady(message);
  });
  let over = false;
  const ended = endOf(child).then((how) => {
    over = true;
    follower.stop();
    return how;
  });
  return {
    name: plan.name,
    remedy: plan.remedy,
    pid: child.pid ?? -1,
    ended,
    hasReportedReady: () => ready,
    hasEnded: () => over,
    lastLines: () => [...recent],
    async stop() {
      if (over) return;
      child.kill(plan.stopSignal);
      const stopped = await within(plan.stopTimeoutMs, ended);
      if (!stopped) child.kill('SIGKILL');
      await ended;
    },
    kill: () => void child.kill('SIGKILL'),
  };
}

function endOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child.once('error', (error) => {
      const missing = 'code' in error && error.code === 'ENOENT';
      resolve(missing ? 'setpriv is missing (Linux, package util-linux)' : inOneLine(error));
    });
    child.once('exit', (code, signal) => resolve(signal ? `killed by ${signal}` : `exit code ${code}`));
  });
}

function isReady(message: unknown): boolean {
  return typeof message === 'object' && message !== null && 'ready' in message && message.ready === true;
}

/** True when it resolves in time. */
export async function within(timeoutMs: number, promise: Promise<unknown>): Promise<boolean> {
  const timer = new AbortController();
  const late = sleep(timeoutMs, false, { signal: timer.signal }).catch(() => false);
  try {
    return await Promise.race([promise.then(() => true), late]);
  } finally {
    timer.abort();
  }
}

/**
 * Asks `probe` again and again until it says yes; a part that ends or takes too long is Trouble with its last words.
 */
export async function waitUntilReady(part: Part, probe: () => Promise<boolean>, timeoutMs: number): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (!(await probe().catch(() => false))) {
    if (part.hasEnded()) throw new Trouble(`${part.name} ended before it was ready: ${lastWords(part)}`);
    if (Date.now() > deadline)
      throw new Trouble(`${part.name} is not ready after ${timeoutMs / 1000} s: ${lastWords(part)}`);
    await sleep(readyPollMs);
  }
}

function lastWords(part: Part): string {
  const words = part.lastLines().slice(-4).join(' | ') || 'it said nothing';
  return part.remedy === undefined ? words : `${words} | If its data is damaged: ${part.remedy}`;
}
