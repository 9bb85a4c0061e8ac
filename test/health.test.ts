import { type ChildProcess, spawn } from 'node:child_process';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { repository } from '../stack/folder.ts';
import { pickPort } from '../stack/ports.ts';
import { type OwnRedis, startOwnRedis } from './harness/own-redis.ts';
import { createWorld, eventually, type World } from './harness/world.ts';

let world: World;
let redis: OwnRedis;
beforeAll(async () => {
  [world, redis] = await Promise.all([createWorld(), startOwnRedis()]);
});
afterAll(() => Promise.all([world.destroy(), redis.stop()]));

const ends: (() => Promise<unknown>)[] = [];
afterEach(() => Promise.all(ends.splice(0).map((end) => end())));

type Process = { child: ChildProcess; log: () => string; ended: Promise<number | null> };

/** As an orchestrator starts it: nobody supervises it, and nobody waits until it is ready. */
function start(name: 'indexer' | 'settler', env: NodeJS.ProcessEnv = {}): Process {
  const child = spawn(process.execPath, [join(repository, name, 'main.ts')], {
    env: { ...process.env, ...world.env, KRYPTON_REDIS_URL: redis.url, KRYPTON_HEALTH_PORT: '0', ...env },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk));
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  ends.push(() => {
    child.kill('SIGKILL');
    return ended;
  });
  return { child, log: () => output, ended };
}

type Answer = { status: number; body: { status: string; checks: Record<string, string>; role?: string } };

async function ask({ log }: Process, path: string): Promise<Answer> {
  const url = await eventually(async () => /health at (http:[^"]+)/.exec(log())?.[1] ?? null, 'a health port');
  const response = await fetch(`${url}${path}`);
  return { status: response.status, body: (await response.json()) as Answer['body'] };
}

const until = (process: Process, what: string, holds: (answer: Answer) => boolean) =>
  eventually(async () => {
    const answer = await ask(process, '/readyz');
    return holds(answer) ? answer : null;
  }, what);

/** A way to a server that can be opened late. */
async function openWay(port: number, to: URL): Promise<void> {
  const server = createServer((socket) => {
    const onward = connect(Number(to.port), to.hostname);
    for (const end of [socket, onward]) end.on('error', () => [socket, onward].map((each) => each.destroy()));
    socket.pipe(onward).pipe(socket);
    ends.push(async () => socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  ends.push(async () => server.close());
}

const count = (text: string, part: string) => text.split(part).length - 1;

test('one indexer leads, one stands by, both are ready; the other one leads when the first is killed', async () => {
  const first = start('indexer');
  await until(first, 'the first is ready and leads', ({ status, body }) => status === 200 && body.role === 'leads');
  const second = start('indexer');
  const standby = await until(second, 'the second is ready', ({ status }) => status === 200);
  expect(standby.body).toEqual({
    status: 'ok',
    checks: { postgres: 'ok', node: 'ok', index: 'ok' },
    role: 'stands by',
  });
  expect(await ask(second, '/healthz')).toEqual({ status: 200, body: { status: 'ok', checks: { process: 'ok' } } });
  expect((await ask(second, '/metrics')).status).toBe(404);
  first.child.kill('SIGKILL');
  await until(second, 'the second leads', ({ status, body }) => status === 200 && body.role === 'leads');
});

test('a settler whose Redis goes away is not ready, and says why', async () => {
  const settler = start('settler');
  const well = await until(settler, 'it is ready', ({ status }) => status === 200);
  expect(well.body.checks).toEqual({ postgres: 'ok', node: 'ok', redis: 'ok', rounds: 'ok' });
  await redis.stop();
  const unwell = await until(settler, 'it misses Redis', ({ status }) => status === 503);
  const away = expect.stringMatching(/^(away|no answer within 3 s)$/);
  expect(unwell.body.checks).toEqual({ postgres: 'ok', node: 'ok', redis: away, rounds: 'ok' });
  redis = await startOwnRedis();
});

test.each(['indexer', 'settler'] as const)(
  '%s: a node that is away at start is waited for, in one line',
  async (name) => {
    const port = await pickPort(new Set());
    const service = start(name, { KRYPTON_RPC_URL: `http://127.0.0.1:${port}` });
    await eventually(async () => service.log().includes('waiting for a node') || null, 'it waits');
    const waiting = await ask(service, '/readyz');
    expect(waiting).toEqual({ status: 503, body: { status: 'unavailable', checks: { process: 'starting' } } });
    expect((await ask(service, '/healthz')).status).toBe(200);
    await openWay(port, new URL(world.env.KRYPTON_RPC_URL as string));
    await until(service, 'it is ready', ({ status }) => status === 200);
    expect(count(service.log(), 'waiting')).toBe(1);
  },
);

test.each(['indexer', 'settler'] as const)('%s: so is Postgres, and a stop ends the wait in order', async (name) => {
  const port = await pickPort(new Set());
  const url = new URL(world.env.KRYPTON_DATABASE_URL as string);
  const there = new URL(url);
  url.port = String(port);
  const env = { KRYPTON_DATABASE_URL: url.href };
  const stopped = start(name, env);
  const service = start(name, env);
  const isWaiting = async ({ log }: Process) => log().includes('waiting for Postgres') || null;
  await Promise.all([stopped, service].map((each) => eventually(() => isWaiting(each), 'it waits')));
  stopped.child.kill('SIGTERM');
  expect(await stopped.ended).toBe(0);
  await openWay(port, there);
  await until(service, 'it is ready', ({ status }) => status === 200);
  expect(count(service.log(), 'waiting')).toBe(1);
});

test('without a port nobody is answered', async () => {
  const indexer = start('indexer', { KRYPTON_HEALTH_PORT: '' });
  await eventually(async () => indexer.log().includes('"ready"') || null, 'it is ready');
  expect(indexer.log()).not.toContain('health at');
});
