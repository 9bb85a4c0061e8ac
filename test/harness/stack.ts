import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Endpoints } from '../../stack/endpoints.ts';
import { repository } from '../../stack/folder.ts';
import { within } from '../../stack/part.ts';

/** First start with everything built takes 5 s on two idle cores; the tests beside us make it slower. */
const readyTimeoutMs = 60_000;
const pollMs = 50;

/** A whole stack, started as `npm start` does, in a folder of its own. */
export interface TestStack {
  readonly supervisor: ChildProcess;
  readonly output: () => string;
  /** Resolves with the exit status. */
  readonly exit: Promise<number | null>;
}

export function spawnStack(folder: string): TestStack {
  const supervisor = spawn(process.execPath, [join(repository, 'stack', 'main.ts')], {
    env: { ...withoutOwnSettings(process.env), KRYPTON_HOME: folder, KRYPTON_BLOCK_MS: '100' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [supervisor.stdout, supervisor.stderr]) {
    stream.on('data', (data) => {
      output += data;
    });
  }
  const exit = once(supervisor, 'exit').then(([status]) => status as number | null);
  return { supervisor, output: () => output, exit };
}

/** What the person or npm has set would decide the test. */
function withoutOwnSettings(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !/^(KRYPTON_|npm_lifecycle_event)/.test(name)));
}

export function readEndpoints(folder: string): Endpoints | undefined {
  try {
    return JSON.parse(readFileSync(join(folder, 'endpoints.json'), 'utf8')) as Endpoints;
  } catch {
    return undefined;
  }
}

/** Starts a stack and waits until it is up; its output explains a failure. */
export async function startStack(folder: string): Promise<TestStack & { endpoints: Endpoints }> {
  const stale = readEndpoints(folder); // of one that was killed
  const stack = spawnStack(folder);
  const endpoints = await eventually(() => {
    if (stack.supervisor.exitCode !== null) throw new Error(`the stack ended:\n${stack.output()}`);
    const found = readEndpoints(folder);
    return found?.processes.node === stale?.processes.node ? undefined : found;
  }, readyTimeoutMs);
  if (!endpoints) throw new Error(`the stack is not ready:\n${stack.output()}`);
  return { ...stack, endpoints };
}

/** Asks until there is an answer, undefined when none came in time. */
export async function eventually<T>(
  ask: () => T | undefined | Promise<T | undefined>,
  timeoutMs: number,
): Promise<T | undefined> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined || Date.now() > deadline) return answer;
    await sleep(pollMs);
  }
}

export async function endOf(stack: TestStack, timeoutMs: number): Promise<number | null> {
  if (!(await within(timeoutMs, stack.exit))) throw new Error(`the stack does not end:\n${stack.output()}`);
  return stack.exit;
}
