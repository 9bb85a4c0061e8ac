import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { repository } from '../../stack/folder.ts';
import { eventually } from './stack.ts';

/** What `npm run phone` starts beside the stack in this folder. */
export type NpmPhone = {
  /** What its table says, by the name of the line. */
  told(name: string): string;
  output(): string;
  /** As Ctrl-C does; answers the exit status. */
  stop(): Promise<number | null>;
};

/** A deployed provider, its wallet, three processes: seconds on idle cores. */
const readyTimeoutMs = 120_000;

export async function startNpmPhone(folder: string): Promise<NpmPhone> {
  const own = Object.entries(process.env).filter(([name]) => !name.startsWith('KRYPTON_'));
  const child = spawn(process.execPath, [join(repository, 'cli', 'phone.ts')], {
    env: { ...Object.fromEntries(own), KRYPTON_HOME: folder },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (data) => {
      output += data;
    });
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const up = await eventually(() => {
    if (child.exitCode !== null) throw new Error(output);
    return /The phone is on/.test(output) ? output : undefined;
  }, readyTimeoutMs);
  return {
    told: (name) => new RegExp(`^${name.replace(/[()]/g, '\\$&')} +(.+)$`, 'm').exec(up ?? '')?.[1] ?? output,
    output: () => output,
    stop: () => {
      child.kill('SIGTERM');
      return ended;
    },
  };
}
