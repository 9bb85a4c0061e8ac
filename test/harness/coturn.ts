import { execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { connect } from 'node:net';
import { promisify } from 'node:util';
import { turnserverCommand } from '../../provider/kamailio/programs.ts';
import { installPackage } from '../../stack/apt.ts';
import { inOneLine } from '../../stack/trouble.ts';
import { asUser } from './kamailio.ts';
import { eventually } from './stack.ts';

const readyTimeoutMs = 20_000;
const { program } = turnserverCommand('');

/** Debian's coturn, installed where missing and possible; false, and one line that says why, where it can't be had. */
export async function hasCoturn(): Promise<boolean> {
  try {
    if (!existsSync(program)) await installPackage('coturn');
    if (existsSync(program)) return true;
    console.warn(`the test with coturn is skipped: coturn brought no ${program}`);
  } catch (error) {
    console.warn(`the test with coturn is skipped: apt-get install coturn: ${inOneLine(error)}`);
  }
  return false;
}

/** Starts it on what `provider init` has written, and waits until it takes connections. */
export async function startCoturn(kit: string, port: number): Promise<{ stop(): Promise<void> }> {
  const { program, args } = turnserverCommand(kit);
  return startProgram(program, args, port);
}

/** Says what is said to it: the other side of a relay. */
export const startEcho = (port: number): Promise<{ stop(): Promise<void> }> =>
  startProgram('/usr/bin/turnutils_peer', ['-p', String(port), '-L', '127.0.0.1'], null);

async function startProgram(program: string, args: string[], port: number | null): Promise<{ stop(): Promise<void> }> {
  const child = spawn(program, args, { ...asUser('turnserver'), stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (output += data));
  const ended = new Promise((resolve) => child.once('exit', resolve));
  const isUp = async () => {
    if (child.exitCode !== null) throw new Error(`${program} ends: ${output}`);
    return port === null || (await takesConnections(port)) ? true : undefined;
  };
  if (!(await eventually(isUp, readyTimeoutMs))) throw new Error(`${program} does not start: ${output}`);
  return {
    stop: async () => {
      child.kill('SIGTERM');
      await ended;
    },
  };
}

const takesConnections = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => resolve(true));
    socket.on('error', () => resolve(false)).on('connect', () => socket.destroy());
  });

/** coturn's own client sends packets over TCP through the relay to the peer; answers what it says in the end. */
export async function relayPackets(port: number, peerPort: number, user: string, password: string): Promise<string> {
  const peer = ['-e', '127.0.0.1', '-r', String(peerPort), '-n', '5', '-c'];
  const args = ['-t', '-p', String(port), '-u', user, '-w', password, ...peer, '127.0.0.1'];
  const run = promisify(execFile)('/usr/bin/turnutils_uclient', args, { timeout: 30_000 });
  return run.then(
    ({ stdout, stderr }) => stdout + stderr,
    (error: { stdout: string; stderr: string }) => error.stdout + error.stderr,
  );
}
