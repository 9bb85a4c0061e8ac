import { mkdirSync, rmSync, symlinkSync } from 'node:fs';
import { createConnection } from 'node:net';
import { dirname, join } from 'node:path';
import { installPackage, onPath } from './apt.ts';
import { type Folder, tools, writePrivately } from './folder.ts';
import type { PartPlan } from './part.ts';
import type { State } from './state.ts';
import { inOneLine, Trouble } from './trouble.ts';

const stopTimeoutMs = 10_000;
const askTimeoutMs = 2_000;

export const redisUrl = (state: State, database = 0) =>
  `redis://:${state.passwords.redis}@127.0.0.1:${state.ports.redis}/${database}`;

export interface RedisPace {
  /** Tests take one each. */
  readonly databases: number;
}

export async function planRedis(
  folder: Folder,
  state: State,
  pace: RedisPace,
  say: (message: string) => void,
): Promise<PartPlan> {
  const server = findServer() ?? (await install(say));
  // Nothing in there is of value, and a Redis that reads what an earlier one left may refuse to start because of it.
  rmSync(folder.redis, { recursive: true, force: true });
  mkdirSync(folder.redis, { recursive: true, mode: 0o700 });
  const config = join(folder.redis, 'redis.conf');
  writePrivately(config, redisConfig(folder, state, pace));
  return {
    name: 'redis',
    command: server,
    args: [config],
    cwd: folder.redis,
    logFile: join(folder.logs, 'redis.log'),
    deathSignal: 'SIGTERM',
    stopSignal: 'SIGTERM',
    stopTimeoutMs,
  };
}

/**
 * It keeps nothing over a restart: Postgres holds the intent, and the services queue from it what Redis has lost.
 * In a file, not in arguments: everyone can read a process's arguments, and with them the password.
 */
function redisConfig(folder: Folder, state: State, pace: RedisPace): string {
  const lines = [
    'bind 127.0.0.1',
    `port ${state.ports.redis}`,
    `requirepass ${state.passwords.redis}`,
    `dir "${folder.redis}"`,
    `databases ${pace.databases}`,
    'appendonly no',
    'save ""',
    'maxmemory-policy noeviction', // a queue must refuse when full, never forget
    'daemonize no',
    'loglevel notice',
  ];
  return `${lines.join('\n')}\n`;
}

/**
 * Debian's `redis-tools` holds the whole server under the name redis-check-rdb (`redis-server` is a link to it, and its
 * package starts a daemon of its own). The program goes by the name it is called by: a link of that name is enough.
 */
function findServer(): string | undefined {
  const named = onPath('redis-server') ?? onPath('valkey-server');
  const inTools = onPath('redis-check-rdb');
  if (named || !inTools) return named;
  const link = join(tools, 'bin', 'redis-server');
  mkdirSync(dirname(link), { recursive: true });
  rmSync(link, { force: true });
  symlinkSync(inTools, link);
  return link;
}

async function install(say: (message: string) => void): Promise<string> {
  say('no Redis here: apt-get install redis-tools (the program alone, no system service)');
  await installPackage('redis-tools').catch((error) => {
    throw new Trouble(
      `Redis or Valkey is needed: install redis-server or valkey-server, or set KRYPTON_REDIS_URL (${inOneLine(error)})`,
    );
  });
  const server = findServer();
  if (!server)
    throw new Trouble('redis-tools brought no server: install redis-server or valkey-server, or set KRYPTON_REDIS_URL');
  return server;
}

/** Says PING until PONG comes; while it reads its data it answers LOADING. */
export function redisAnswers(state: State): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const socket = createConnection(state.ports.redis, '127.0.0.1');
    let answer = '';
    socket.setTimeout(askTimeoutMs, () => socket.destroy(new Error('no answer')));
    socket.once('error', reject);
    socket.once('close', () => resolve(answer.includes('+PONG')));
    socket.on('data', (data) => {
      answer += data;
    });
    socket.write(`AUTH ${state.passwords.redis}\r\nPING\r\nQUIT\r\n`);
  });
}
