import { createHash } from 'node:crypto';
import { readFileSync, realpathSync } from 'node:fs';
import { createServer } from 'node:net';
import { z } from 'zod';
import type { Say } from './console.ts';
import { type Folder, writePrivately } from './folder.ts';
import { identify, isAlive, type ProcessId, waitUntilGone } from './process-id.ts';
import { Trouble } from './trouble.ts';

/** As long as the slowest part may take to stop in order (Postgres). */
const leftoverTimeoutMs = 20_000;

const idSchema = z.object({ pid: z.number(), startTicks: z.string() });
const runningSchema = z.object({ supervisor: idSchema, parts: z.array(idSchema) });

export interface Lock {
  /** Writes down which processes belong to this supervisor, for the next one to find should this one be killed. */
  note(parts: readonly ProcessId[]): void;
  /** Processes of a supervisor that was killed, still there when the lock was taken. */
  readonly leftovers: readonly ProcessId[];
  release(): void;
}

/**
 * The lock is a listening abstract Unix socket named after the folder: the kernel takes it back with the process,
 * however that dies, so it cannot go stale, and two starts at the same moment cannot both have it.
 */
export async function takeLock(folder: Folder): Promise<Lock> {
  const server = createServer();
  const name = `\0krypton-${createHash('sha256').update(realpathSync(folder.root)).digest('hex')}`;
  await new Promise<void>((resolve, reject) => {
    server.once('error', () => reject(new Trouble(alreadyRunning(folder))));
    server.listen(name, resolve);
  });
  server.unref();
  const leftovers = (readRunning(folder)?.parts ?? []).filter(isAlive);
  const lock = {
    leftovers,
    note(parts: readonly ProcessId[]) {
      writePrivately(folder.running, `${JSON.stringify({ supervisor: identify(process.pid), parts })}\n`);
    },
    release: () => void server.close(),
  };
  lock.note(leftovers);
  return lock;
}

function alreadyRunning(folder: Folder): string {
  const pid = readRunning(folder)?.supervisor.pid;
  return `already running (pid ${pid ?? 'unknown: it is just starting'}), see ${folder.endpoints}`;
}

/** Their kernel told them to end when their supervisor died: waits for them, at last kills them. */
export async function clearLeftovers({ leftovers }: Lock, say: Say): Promise<void> {
  if (!leftovers.some(isAlive)) return;
  say(`waiting for ${leftovers.length} process(es) of a supervisor that was killed`);
  const stubborn = await waitUntilGone(leftovers, leftoverTimeoutMs);
  for (const { pid } of stubborn) {
    say(`process ${pid} does not end: killed`, 'warn');
    process.kill(pid, 'SIGKILL');
  }
  const [immortal] = await waitUntilGone(stubborn, leftoverTimeoutMs);
  if (immortal) throw new Trouble(`process ${immortal.pid} of an earlier start does not die`);
}

function readRunning(folder: Folder): { supervisor: ProcessId; parts: ProcessId[] } | undefined {
  try {
    return runningSchema.parse(JSON.parse(readFileSync(folder.running, 'utf8')));
  } catch {
    return undefined;
  }
}
