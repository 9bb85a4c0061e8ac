import { spawn } from 'node:child_process';
import { basename } from 'node:path';
import { createInterface } from 'node:readline';
import { boundToUs } from './part.ts';
import { Trouble } from './trouble.ts';

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Past this the command is taken for hung and killed. */
  readonly timeoutMs: number;
  /** What it reads from its standard input. */
  readonly input?: string;
  /** Further arguments for setpriv: another user, capabilities. */
  readonly privileges?: readonly string[];
}

const keptLines = 20;

/** Runs a command to its end and answers its standard output; it dies with us. A failure carries its last words. */
export async function run(command: string, args: readonly string[], options: RunOptions): Promise<string> {
  const [program = '', ...bound] = boundToUs('SIGTERM', options.privileges ?? [], command, args);
  const child = spawn(program, bound, {
    stdio: ['pipe', 'pipe', 'pipe'],
    timeout: options.timeoutMs,
    killSignal: 'SIGKILL',
    ...(options.cwd ? { cwd: options.cwd } : {}),
    ...(options.env ? { env: options.env } : {}),
  });
  child.stdin.on('error', () => undefined); // it may end before it has read; its exit status says whether that was well
  child.stdin.end(options.input ?? '');
  const recent: string[] = [];
  const output: string[] = [];
  const keep = (line: string) => {
    recent.push(line);
    if (recent.length > keptLines) recent.shift();
  };
  createInterface({ input: child.stdout }).on('line', (line) => {
    output.push(line);
    keep(line);
  });
  createInterface({ input: child.stderr }).on('line', keep);
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', (error) =>
      reject(new Trouble(`cannot run setpriv (Linux, package util-linux): ${error.message}`)),
    );
    child.once('close', resolve);
  });
  if (code === 0) return output.join('\n');
  throw new Trouble(
    `${basename(command)} ${args[0] ?? ''} failed (${code ?? 'killed'}): ${recent.slice(-6).join(' | ')}`,
  );
}
