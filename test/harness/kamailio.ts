import { type ChildProcess, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { existsSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { kamailioCommand, packages } from '../../provider/kamailio/programs.ts';
import { installPackage } from '../../stack/apt.ts';
import { inOneLine } from '../../stack/trouble.ts';
import { eventually } from './stack.ts';

const readyTimeoutMs = 20_000;

/** Debian's Kamailio, installed where missing and possible; false, and one line that says why, where it can't be had. */
export async function hasKamailio(): Promise<boolean> {
  for (const [name, file] of Object.entries(packages)) {
    if (!name.startsWith('kamailio')) continue;
    try {
      if (!existsSync(file)) await installPackage(name);
    } catch (error) {
      console.warn(`the tests with Kamailio are skipped: apt-get install ${name}: ${inOneLine(error)}`);
      return false;
    }
    if (!existsSync(file)) {
      console.warn(`the tests with Kamailio are skipped: ${name} brought no ${file}`);
      return false;
    }
  }
  return true;
}

export type Kamailio = {
  log(): string;
  /** All of its processes at once, as a machine that loses power. */
  kill(): Promise<void>;
  stop(): Promise<void>;
};

/** Starts Kamailio on a provider's kit, and waits until it answers. */
export async function startKamailio(kit: string, sipPort: number): Promise<Kamailio> {
  const { program, args } = kamailioCommand(kit);
  const child = spawn(program, args, {
    ...asUser('kamailio'),
    detached: true, // a group of its own, so that one signal reaches all of its processes
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (output += data));
  const ended = new Promise((resolve) => child.once('exit', resolve));
  const isUp = async () => {
    if (child.exitCode !== null) throw new Error(`Kamailio ends: ${output}`);
    return (await answersOptions(sipPort)) && (await takesConnections(sipPort)) ? true : undefined;
  };
  if (!(await eventually(isUp, readyTimeoutMs))) throw new Error(`Kamailio does not start: ${output}`);
  return {
    log: () => output,
    kill: () => end(child, ended, 'SIGKILL'),
    stop: () => end(child, ended, 'SIGTERM'),
  };
}

/** As Debian starts it: as root it would read what it must not need. */
export function asUser(name: string): { uid?: number; gid?: number } {
  const [, uid, gid] = new RegExp(`^${name}:[^:]*:(\\d+):(\\d+):`, 'm').exec(readFileSync('/etc/passwd', 'utf8')) ?? [];
  return process.getuid?.() === 0 && uid !== undefined ? { uid: Number(uid), gid: Number(gid) } : {};
}

async function end(child: ChildProcess, ended: Promise<unknown>, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  process.kill(signal === 'SIGKILL' ? -child.pid : child.pid, signal);
  await ended;
}

async function answersOptions(port: number): Promise<boolean> {
  const socket = createSocket('udp4');
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  const local = `127.0.0.1:${socket.address().port}`;
  const tag = Math.random().toString(36).slice(2);
  const lines = [
    `OPTIONS sip:127.0.0.1:${port} SIP/2.0`,
    `Via: SIP/2.0/UDP ${local};branch=z9hG4bK${tag};rport`,
    ...['Max-Forwards: 70', `From: <sip:test@${local}>;tag=${tag}`, `To: <sip:127.0.0.1:${port}>`],
    ...[`Call-ID: ${tag}`, 'CSeq: 1 OPTIONS', 'Content-Length: 0', '', ''],
  ];
  socket.send(lines.join('\r\n'), port, '127.0.0.1');
  const answered = await new Promise<boolean>((resolve) => {
    socket.once('message', () => resolve(true));
    setTimeout(() => resolve(false), 500);
  });
  socket.close();
  return answered;
}

/** TCP, TLS and WebSockets are another process's, which is there a moment later. */
function takesConnections(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => resolve(true));
    socket.on('error', () => resolve(false)).on('connect', () => socket.destroy());
  });
}
