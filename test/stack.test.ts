import { rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import pg from 'pg';
import { afterAll, describe, expect, test } from 'vitest';
import { createRpc } from '../chain/rpc.ts';
import type { Endpoints } from '../stack/endpoints.ts';
import { tools } from '../stack/folder.ts';
import { identify, isAlive, type ProcessId, waitUntilGone } from '../stack/process-id.ts';
import { endOf, eventually, readEndpoints, spawnStack, startStack, type TestStack } from './harness/stack.ts';

const folder = join(tools, `test-stack-${process.pid}`);
/** Backoff of 1 s, Postgres' recovery, and other tests on the same two cores. */
const restartTimeoutMs = 30_000;
const stopTimeoutMs = 40_000;

let running: (TestStack & { endpoints: Endpoints }) | undefined;

afterAll(async () => {
  running?.supervisor.kill('SIGTERM');
  if (running) await endOf(running, stopTimeoutMs);
  rmSync(folder, { recursive: true, force: true });
});

/** In their order: each goes on with the stack that the one before it left. */
describe('npm start', { timeout: 120_000 }, () => {
  test('brings all up and says where it is', async () => {
    running = await startStack(folder);
    const { endpoints } = running;
    await expectAllAnswer(endpoints);
    expect(Object.keys(endpoints.processes)).toEqual(expect.arrayContaining(['node', 'postgres', 'redis']));
    for (const pid of Object.values(endpoints.processes)) expect(identify(pid)).toBeDefined();
    expect(statSync(join(folder, 'endpoints.json')).mode & 0o777).toBe(0o600);
  });

  test('is refused while it runs already', async () => {
    const second = spawnStack(folder);
    expect(await endOf(second, stopTimeoutMs)).toBe(1);
    expect(second.output()).toContain(`already running (pid ${running?.supervisor.pid})`);
    expect(readEndpoints(folder)).toEqual(running?.endpoints);
  });

  test('starts a killed part again, on the same address', async () => {
    const before = allAliveNow() ?? expect.fail(running?.output());
    const names = Object.keys(before.processes);
    for (const pid of Object.values(before.processes)) process.kill(pid, 'SIGKILL');
    // A service that comes back before its database and node may have to try once more.
    const after = await eventually(() => {
      const now = allAliveNow();
      return names.every((name) => now?.processes[name] !== before.processes[name]) ? now : undefined;
    }, restartTimeoutMs);
    expect(after, running?.output()).toEqual({ ...before, processes: after?.processes });
    await expectAllAnswer(before);
  });

  test('leaves no process behind when it is killed, and goes on with the same chain and data', async () => {
    const { endpoints, supervisor } = running ?? expect.fail('not running');
    await onPostgres(endpoints, 'create table kept as select 42 as answer');
    await onRedis(endpoints, (redis) => redis.set('kept', 'yes'));
    const contract = await readContract(endpoints);
    const parts = processIds((await eventually(allAliveNow, restartTimeoutMs)) ?? expect.fail(running?.output()));
    supervisor.kill('SIGKILL');
    expect(await waitUntilGone(parts, restartTimeoutMs)).toEqual([]);

    running = await startStack(folder);
    expect(running.endpoints).toEqual({ ...endpoints, processes: running.endpoints.processes });
    expect(await onPostgres(running.endpoints, 'select answer from kept')).toEqual([{ answer: 42 }]);
    expect(await onRedis(running.endpoints, (redis) => redis.get('kept')), 'Redis keeps nothing').toBeNull();
    expect(await readContract(running.endpoints)).toEqual(contract);
  });

  test('started at once after it was killed waits for what is left', async () => {
    const { endpoints, supervisor } = running ?? expect.fail('not running');
    supervisor.kill('SIGKILL');
    running = await startStack(folder);
    expect(running.output()).not.toContain('does not end');
    expect(running.endpoints).toEqual({ ...endpoints, processes: running.endpoints.processes });
    await expectAllAnswer(endpoints);
  });

  test('asked to stop leaves no process, and exits with 0', async () => {
    const { supervisor } = running ?? expect.fail('not running');
    const parts = processIds(endpointsNow());
    supervisor.kill('SIGTERM');
    expect(await endOf(running ?? expect.fail(), stopTimeoutMs)).toBe(0);
    expect(parts.filter(isAlive)).toEqual([]);
    expect(readEndpoints(folder)).toBeUndefined();
    running = undefined;
  });
});

const endpointsNow = () => readEndpoints(folder) ?? expect.fail('no endpoints.json');

function allAliveNow(): Endpoints | undefined {
  const now = readEndpoints(folder);
  return now && Object.values(now.processes).every((pid) => identify(pid)) ? now : undefined;
}

function processIds(endpoints: Endpoints): ProcessId[] {
  return Object.values(endpoints.processes).map((pid) => identify(pid) ?? expect.fail(`no process ${pid}`));
}

async function expectAllAnswer(endpoints: Endpoints): Promise<void> {
  expect(await createRpc([endpoints.rpc]).call('getversion')).toMatchObject({
    protocol: { network: endpoints.network },
  });
  expect(await onPostgres(endpoints, 'select 1 as one')).toEqual([{ one: 1 }]);
  expect(await onRedis(endpoints, (redis) => redis.ping())).toBe('PONG');
}

const readContract = (endpoints: Endpoints) =>
  createRpc([endpoints.rpc]).call('getcontractstate', [endpoints.contract]);

async function onPostgres(endpoints: Endpoints, statement: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: endpoints.postgres });
  await client.connect();
  try {
    return (await client.query(statement)).rows;
  } finally {
    await client.end();
  }
}

async function onRedis<T>(endpoints: Endpoints, work: (redis: Redis) => Promise<T>): Promise<T> {
  const redis = new Redis(endpoints.redis);
  try {
    return await work(redis);
  } finally {
    redis.disconnect();
  }
}
