import { type ChildProcess, spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';

/** What systemd does with a unit of the kit: it is started again a second after it has ended, for whatever reason. */
export type Unit = {
  /** All of its processes at once, wherever they are; answers when they are gone. */
  kill(): Promise<void>;
  stop(): Promise<void>;
  output(): string;
};

export type UnitPlan = { program: string; args: readonly string[]; env: NodeJS.ProcessEnv };

/** `Restart=always`, `RestartSec=1`. */
const RESTART_MS = 1_000;
const MAX_OUTPUT = 200_000;

export function startUnit({ program, args, env }: UnitPlan): Unit {
  let output = '';
  let isStopping = false;
  let child: ChildProcess;
  let ended: Promise<unknown>;

  function start(): void {
    // a group of its own, so that one signal reaches all of its processes
    child = spawn(program, args, { env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [child.stdout, child.stderr])
      stream?.on('data', (data) => {
        output = (output + data).slice(-MAX_OUTPUT);
      });
    ended = new Promise((resolve) => child.once('exit', resolve));
    void ended.then(() => sleep(RESTART_MS)).then(() => isStopping || start());
  }

  async function signal(name: NodeJS.Signals): Promise<void> {
    const { pid, exitCode, signalCode } = child;
    if (pid !== undefined && exitCode === null && signalCode === null)
      process.kill(name === 'SIGKILL' ? -pid : pid, name);
    await ended;
  }

  start();
  return {
    kill: () => signal('SIGKILL'),
    stop: async () => {
      isStopping = true;
      await signal('SIGTERM');
    },
    output: () => output,
  };
}
