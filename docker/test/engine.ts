import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { installPackage, onPath } from '../../stack/apt.ts';
import { tools } from '../../stack/folder.ts';
import { boundToUs, type Part, startPart } from '../../stack/part.ts';
import { run } from '../../stack/run.ts';
import { inOneLine, Trouble } from '../../stack/trouble.ts';

/** A Docker that runs containers: the machine's own, or one started for this run. */
export type Engine = {
  /** Runs a command of it (`docker`, `docker-compose`) and answers what it printed. */
  run(
    command: string,
    args: readonly string[],
    options?: { timeoutMs?: number; env?: NodeJS.ProcessEnv },
  ): Promise<string>;
  docker(...args: string[]): Promise<string>;
  /** The same, told each line while it comes. What it says last is in the error where it fails. */
  follow(
    command: string,
    args: readonly string[],
    env: NodeJS.ProcessEnv,
    onLine: (line: string) => void,
  ): Promise<string>;
  /** The command line of Compose: the plugin, or the older program. */
  compose: readonly [string, ...string[]];
  /** Whether processes of containers can be reached from here by their id, to kill them as a crash would. */
  isOurs: boolean;
  stop(): Promise<void>;
};

/** An image is built, or a stack comes up, in minutes on a slow machine. */
const COMMAND_LIMIT_MS = 900_000;
const ASK_LIMIT_MS = 20_000;
const START_LIMIT_MS = 30_000;
const STOP_LIMIT_MS = 30_000;

/** The engine's own choice first; the driver that works everywhere, slowly, next. */
const ways = [[], ['--storage-driver=vfs']];

/** @throws Trouble in one line where there is none and none can be started */
export async function openEngine(say: (line: string) => void): Promise<Engine> {
  const isRoot = process.getuid?.() === 0;
  const openOwn = () => engineOf('docker', process.env, isRoot, async () => {});
  const own = await answers('docker', process.env);
  if (own === null) return openOwn();
  if (!isRoot) throw new Trouble(`no Docker answers (${own}), and only root may start one`);
  for (const [program, debian] of [
    ['dockerd', 'docker.io'],
    ['docker-compose', 'docker-compose'],
  ] as const)
    if (!find(program)) {
      say(`no ${program} here: apt-get install ${debian}`);
      await installPackage(debian);
    }
  // Where services are started by installing them, one runs now.
  if ((await answers('docker', process.env)) === null) return openOwn();
  const failures: string[] = [];
  for (const way of ways) {
    try {
      return await startEngine(way, say);
    } catch (error) {
      failures.push(inOneLine(error));
    }
  }
  throw new Trouble(`no Docker answers, and dockerd does not run here: ${failures.join('; ')}`);
}

const find = (program: string) =>
  onPath(program) ?? ['/usr/sbin', '/sbin'].map((folder) => join(folder, program)).find(existsSync);

async function startEngine(way: readonly string[], say: (line: string) => void): Promise<Engine> {
  // Images stay from run to run; what a socket's name may be long is little, so that one stands elsewhere.
  const data = join(tools, 'docker');
  const folder = mkdtempSync(join(tmpdir(), 'krypton-docker-'));
  mkdirSync(data, { recursive: true });
  const socket = join(folder, 'docker.sock');
  const args = ['--data-root', data, '--exec-root', join(folder, 'exec'), '--pidfile', join(folder, 'pid')];
  const part = startPart(
    {
      name: 'dockerd',
      command: find('dockerd') ?? 'dockerd',
      args: [...args, '--host', `unix://${socket}`, ...way],
      logFile: join(folder, 'log'),
      deathSignal: 'SIGTERM',
      stopSignal: 'SIGTERM',
      stopTimeoutMs: STOP_LIMIT_MS,
    },
    () => {},
  );
  const stop = async () => {
    await part.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  // Debian's client builds images by itself; a newer one may lack its plugin for that.
  const client = existsSync('/usr/bin/docker') ? '/usr/bin/docker' : 'docker';
  const env = { ...process.env, DOCKER_HOST: `unix://${socket}`, PATH: `/usr/bin:${process.env.PATH}` };
  try {
    await untilItAnswers(part, client, env);
  } catch (error) {
    await stop();
    throw error;
  }
  say(`started dockerd ${way.join(' ')}`.trimEnd());
  return engineOf(client, env, true, stop);
}

async function untilItAnswers(part: Part, client: string, env: NodeJS.ProcessEnv): Promise<void> {
  const end = Date.now() + START_LIMIT_MS;
  while (Date.now() < end && !part.hasEnded()) {
    if ((await answers(client, env)) === null) return;
    await sleep(500);
  }
  throw new Trouble(part.lastLines().at(-1) ?? 'it says nothing');
}

/** Why it does not, or null where it does. */
async function answers(client: string, env: NodeJS.ProcessEnv): Promise<string | null> {
  const asking = run(client, ['version', '--format', '{{.Server.Version}}'], { env, timeoutMs: ASK_LIMIT_MS });
  return asking.then(() => null, inOneLine);
}

async function engineOf(
  client: string,
  given: NodeJS.ProcessEnv,
  isOurs: boolean,
  stop: () => Promise<void>,
): Promise<Engine> {
  const env = { ...given, DOCKER_BUILDKIT: '1', COMPOSE_DOCKER_CLI_BUILD: '1' };
  const hasPlugin = await run(client, ['compose', 'version'], { env, timeoutMs: ASK_LIMIT_MS }).then(
    () => true,
    () => false,
  );
  const runIt: Engine['run'] = (command, args, options = {}) =>
    run(command, args, { env: { ...env, ...options.env }, timeoutMs: options.timeoutMs ?? COMMAND_LIMIT_MS });
  return {
    run: runIt,
    docker: (...args) => runIt(client, args),
    follow: (command, args, own, onLine) => followCommand(command, args, { ...env, ...own }, onLine),
    compose: hasPlugin ? [client, 'compose'] : ['docker-compose'],
    isOurs,
    stop,
  };
}

async function followCommand(
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  onLine: (line: string) => void,
): Promise<string> {
  const [program = '', ...bound] = boundToUs('SIGTERM', [], command, args);
  const child = spawn(program, bound, { env, stdio: ['ignore', 'pipe', 'pipe'], timeout: COMMAND_LIMIT_MS });
  const lines: string[] = [];
  for (const stream of [child.stdout, child.stderr])
    createInterface({ input: stream }).on('line', (line) => {
      lines.push(line);
      onLine(line);
    });
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  if (code === 0) return lines.join('\n');
  throw new Trouble(`${command} failed (${code ?? 'killed'}): ${lines.slice(-6).join(' | ')}`);
}
