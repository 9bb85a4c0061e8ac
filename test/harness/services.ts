import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';
import { repository } from '../../stack/folder.ts';

type ServiceName = 'indexer' | 'settler' | 'api' | 'provider/service';

export type Service = {
  pid: number;
  /** All that it has logged. */
  log(): string;
  /** Ends it at once, wherever it is. */
  kill(): Promise<void>;
  /** Ends it in order, as a supervisor would. */
  stop(): Promise<void>;
  /** Resolves with the exit status. */
  ended: Promise<number | null>;
};

/** Starts a real service as a process of its own and waits until it says that it is ready. */
export async function startService(name: ServiceName, env: NodeJS.ProcessEnv): Promise<Service> {
  const child = fork(join(repository, name, 'main.ts'), {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => (output += chunk));
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  await Promise.race([
    new Promise((resolve) => child.once('message', resolve)),
    ended.then((status) => {
      throw new Error(`${name} ended with status ${status}: ${output}`);
    }),
  ]);
  return {
    pid: child.pid as number,
    log: () => output,
    kill: () => end(child, ended, 'SIGKILL'),
    stop: () => end(child, ended, 'SIGTERM'),
    ended,
  };
}

async function end(child: ChildProcess, ended: Promise<unknown>, signal: NodeJS.Signals): Promise<void> {
  child.kill(signal);
  await ended;
}
