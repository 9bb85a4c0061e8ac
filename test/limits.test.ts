import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { problemSchema } from '../protocol/api/problem.ts';
import { createKey } from '../protocol/sign/key.ts';
import { type Answer, type ApiWorld, answer, createApiWorld, environment, signedRequest, urlOf } from './api-world.ts';
import { type Service, startService } from './harness/services.ts';
import { eventually } from './harness/world.ts';

const limits = { KRYPTON_API_LIMIT_KEY: '8', KRYPTON_API_LIMIT_ADDRESS: '12', KRYPTON_API_PROXIES: '1' };
let world: ApiWorld;
let others: { service: Service; url: string }[];
const noRedis = 'redis://127.0.0.1:1/0';

beforeAll(async () => {
  world = await createApiWorld(limits);
  const started = [environment(world.databaseUrl, world.redisUrl), environment(world.databaseUrl, noRedis)].map(
    async (env) => {
      const service = await startService('api', { ...env, ...limits });
      return { service, url: await urlOf(service) };
    },
  );
  others = await Promise.all(started);
});
afterAll(async () => {
  await Promise.all(others.map(({ service }) => service.kill()));
  await world.destroy();
});

const calls = async (signer = world.provider, url = world.url) =>
  answer(await fetch(await signedRequest(url, signer, '/v1/calls')));
const from = async (address: string, path = '/openapi.json', given: Record<string, string> = {}, url = world.url) =>
  answer(await fetch(url + path, { headers: { 'x-forwarded-for': address, ...given } }));
const remaining = ({ headers }: Answer) => Number(/r=(\d+)/.exec(headers.get('ratelimit') ?? '')?.[1]);

/** What was asked for within the last tenth of a second, other processes do not know yet. */
const counted = (key: string, requests: number) =>
  eventually(async () => {
    const redis = new Redis(world.redisUrl);
    const found = await redis.get(`{krypton}:limit:${key}`);
    redis.disconnect();
    return Number(found) >= requests;
  }, `${requests} requests are counted`);

test('a key has its requests at all processes together, and is told how it stands', async () => {
  const [other] = others;
  for (let left = 7; left >= 3; left -= 1) {
    const { status, headers } = await calls();
    expect([status, headers.get('ratelimit-policy')]).toEqual([200, '"key";q=8;w=60']);
    expect(headers.get('ratelimit')).toMatch(new RegExp(`^"key";r=${left};t=\\d+$`));
  }
  await counted(`key:${world.provider.publicKey}`, 5);
  await calls(world.provider, other?.url);
  await counted(`key:${world.provider.publicKey}`, 6);
  const asked = [];
  for (let i = 0; i < 4; i += 1) asked.push(await calls(world.provider, other?.url));
  expect(asked.map(({ status }) => status)).toEqual([200, 200, 429, 429]);
  const refused = asked[3] as Answer;
  expect(problemSchema.parse(refused.body)).toMatchObject({
    code: 'tooManyRequests',
    detail: expect.stringContaining('8'),
  });
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
  expect((await calls(world.user)).status).toBe(200);
});

test('what is not signed counts for its address, and so does a signature that does not hold', async () => {
  const address = '192.0.2.1';
  expect(remaining(await from(address))).toBe(11);
  const bad = { signature: 'sig=:AAAA:', 'signature-input': 'sig=()' };
  expect((await from(address, '/v1/calls', bad)).status).toBe(401);
  // no way around: where nothing has to be signed, a signature is not looked at
  expect(remaining(await from(address, '/openapi.json', bad))).toBe(9);
  for (let i = 0; i < 9; i += 1) await from(address);
  for (const headers of [{}, bad]) expect((await from(address, '/v1/calls', headers)).status).toBe(429);
  expect((await from('192.0.2.2')).status).toBe(200);
  expect((await from(address, '/healthz')).status).toBe(200);
  const key = createKey();
  const own = await signedRequest(world.url, key, '/v1/calls', { headers: { 'x-forwarded-for': address } });
  expect((await fetch(own)).status).toBe(200);
});

test('without Redis keys are not limited, and addresses by each process', async () => {
  const url = others[1]?.url as string;
  const key = createKey();
  for (let i = 0; i < 5; i += 1) {
    const statuses = await Promise.all(Array.from({ length: 6 }, async () => (await calls(key, url)).status));
    expect(statuses).not.toContain(429);
    await new Promise((resolve) => setTimeout(resolve, 150));
  }
  for (let i = 0; i < 12; i += 1) expect((await from('192.0.2.3', '/openapi.json', {}, url)).status).toBe(200);
  expect((await from('192.0.2.3', '/openapi.json', {}, url)).status).toBe(429);
});
