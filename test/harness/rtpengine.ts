import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { packages, rtpengineCommand } from '../../provider/kamailio/programs.ts';
import { createRtpengine } from '../../provider/service/rtpengine.ts';
import { installPackage } from '../../stack/apt.ts';
import { inOneLine } from '../../stack/trouble.ts';
import { eventually } from './stack.ts';

const program = packages['rtpengine-daemon'] ?? '';
const readyTimeoutMs = 20_000;

/** Debian's rtpengine, installed where missing and possible; false, and one line that says why, where it can't be had. */
export async function hasRtpengine(): Promise<boolean> {
  try {
    if (!existsSync(program)) await installPackage('rtpengine-daemon');
    if (existsSync(program)) return true;
    console.warn(`the tests with sound are skipped: rtpengine-daemon brought no ${program}`);
  } catch (error) {
    console.warn(`the tests with sound are skipped: apt-get install rtpengine-daemon: ${inOneLine(error)}`);
  }
  return false;
}

export type Rtpengine = {
  stop(): Promise<void>;
  /** No sound gets through, in either direction, as where a network is gone; until it is resumed. */
  pause(): void;
  resume(): void;
};

/** Starts it on what `provider init` has written, and waits until it answers. */
export async function startRtpengine(kit: string, port: number): Promise<Rtpengine> {
  const command = rtpengineCommand(kit);
  const child = spawn(command.program, command.args, { stdio: ['ignore', 'ignore', 'pipe'] });
  let output = '';
  child.stderr.on('data', (data) => (output += data));
  const ended = new Promise((resolve) => child.once('exit', resolve));
  const asked = createRtpengine('127.0.0.1', port);
  const up = await eventually(async () => {
    if (child.exitCode !== null) throw new Error(`rtpengine ends: ${output}`);
    return asked.query('none').then(
      () => true,
      () => undefined,
    );
  }, readyTimeoutMs);
  asked.close();
  if (!up) throw new Error(`rtpengine does not start: ${output}`);
  return {
    pause: () => child.kill('SIGSTOP'),
    resume: () => child.kill('SIGCONT'),
    stop: async () => {
      child.kill('SIGTERM');
      await ended;
    },
  };
}
