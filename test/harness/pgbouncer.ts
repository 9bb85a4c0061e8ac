import { type ChildProcess, spawn } from 'node:child_process';
import { chownSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '../../stack/run.ts';
import { unprivilegedUser } from '../../stack/run-as.ts';
import { inOneLine } from '../../stack/trouble.ts';
import { eventually } from './stack.ts';

const installTimeoutMs = 300_000;
const readyTimeoutMs = 10_000;

export type Pooler = { url: string; stop(): Promise<void> };

/** Debian's program, installed where missing and possible; null, and one line that says why, where it can't be had. */
export async function findPgBouncer(): Promise<string | null> {
  const program = '/usr/sbin/pgbouncer';
  if (existsSync(program)) return program;
  const [command = '', ...args] = process.getuid?.() === 0 ? ['env'] : ['sudo', '-n', 'env'];
  // the program alone: systemd is told that it may not start the service
  const variables = ['DEBIAN_FRONTEND=noninteractive', 'SYSTEMD_OFFLINE=1'];
  const install = ['apt-get', '-qq', 'install', '-y', '--no-install-recommends', 'pgbouncer'];
  try {
    await run(command, [...args, ...variables, ...install], { timeoutMs: installTimeoutMs });
    if (existsSync(program)) return program;
    console.warn('the tests with PgBouncer are skipped: its package brought no program');
  } catch (error) {
    console.warn(`the tests with PgBouncer are skipped: apt-get install pgbouncer: ${inOneLine(error)}`);
  }
  return null;
}

/** A PgBouncer that ignores startup options, as many are set up, in front of a database. */
export async function startPgBouncer(
  program: string,
  mode: 'session' | 'transaction',
  database: string,
): Promise<Pooler> {
  const { hostname, port, username, password, pathname } = new URL(database);
  const folder = mkdtempSync(join(tmpdir(), 'krypton-pgbouncer-'));
  const own = await freePort();
  const config = join(folder, 'pgbouncer.ini');
  const lines = [
    '[databases]',
    `* = host=${hostname} port=${port} user=${username} password=${decodeURIComponent(password)}`,
    '[pgbouncer]',
    'listen_addr = 127.0.0.1',
    `listen_port = ${own}`,
    'unix_socket_dir =',
    'auth_type = any',
    `pool_mode = ${mode}`,
    'ignore_startup_parameters = options,extra_float_digits',
  ];
  writeFileSync(config, `${lines.join('\n')}\n`, { mode: 0o600 });
  const user = unprivilegedUser(); // it refuses to run as root
  if (user) for (const path of [folder, config]) chownSync(path, user.uid, user.gid);
  const as = user && { uid: user.uid, gid: user.gid };
  const child = spawn(program, ['-q', config], { stdio: 'ignore', ...as });
  const up = await eventually(async () => ((await accepts(own)) ? true : undefined), readyTimeoutMs);
  if (!up) throw new Error(`PgBouncer does not start (exit code ${child.exitCode})`);
  return { url: `postgres://${username}@127.0.0.1:${own}${pathname}`, stop: () => stop(child, folder) };
}

async function stop(child: ChildProcess, folder: string): Promise<void> {
  const ended = new Promise((resolve) => child.once('exit', resolve));
  if (child.exitCode === null) {
    child.kill('SIGKILL');
    await ended;
  }
  rmSync(folder, { recursive: true });
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => resolve(true));
    socket.on('error', () => resolve(false)).on('connect', () => socket.destroy());
  });
}
