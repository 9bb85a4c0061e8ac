import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ApiWorld, createApiWorld, deployProviders, moveTo } from './api-world.ts';
import { type OpenStream, openStream } from './harness/streams.ts';

const LISTENERS = 1_000;
const BLOCKS = 10;
const EVENTS_PER_BLOCK = 3;

let world: ApiWorld;
let height = 1;

beforeAll(async () => {
  world = await createApiWorld({ KRYPTON_API_STREAMS_PER_CLIENT: '2000', KRYPTON_API_LIMIT_ADDRESS: '0' });
  await deployProviders(world, world.provider);
  await moveTo(world, height);
});
afterAll(() => world.destroy());

async function openAudience(listeners: number): Promise<OpenStream[]> {
  const streams = await Promise.all(Array.from({ length: listeners }, () => openStream(`${world.url}/v1/events`)));
  for (const stream of streams) expect(await stream.next()).toMatchObject({ event: 'position' });
  return streams;
}

/** Blocks one after the other: the ids that each listener has heard, and how many milliseconds a block took. */
async function tell(audience: readonly OpenStream[]): Promise<{ heard: (string | undefined)[][]; times: number[] }> {
  const heard: (string | undefined)[][] = audience.map(() => []);
  const times: number[] = [];
  const payload = { account: world.user.address, from: null, amount: '5' };
  const notifications = Array.from({ length: EVENTS_PER_BLOCK }, () => ({ name: 'Deposited', payload }));
  for (let block = 0; block < BLOCKS; block += 1) {
    height += 1;
    const began = performance.now();
    await moveTo(world, height, notifications);
    await Promise.all(
      audience.map(async (stream, i) => {
        for (let event = 0; event < EVENTS_PER_BLOCK; event += 1) heard[i]?.push((await stream.next()).id);
      }),
    );
    times.push(performance.now() - began);
  }
  return { heard, times: times.toSorted((a, b) => a - b) };
}

test('a thousand listeners are told of each event, in order, and reads go on meanwhile', {
  timeout: 120_000,
}, async () => {
  const alone = await openAudience(1);
  const one = await tell(alone);
  for (const stream of alone) stream.cut();
  const audience = await openAudience(LISTENERS);
  const first = height + 1;
  let isOver = false;
  const reads = (async () => {
    const statuses: number[] = [];
    while (!isOver) statuses.push((await world.get(`/v1/users/${world.user.address}`)).status);
    return statuses;
  })();
  const all = await tell(audience).finally(() => {
    isOver = true;
  });
  const expected = Array.from({ length: BLOCKS }, (_, block) =>
    Array.from({ length: EVENTS_PER_BLOCK }, (_, event) => `${first + block}.${event}`),
  ).flat();
  expect(new Set(all.heard.map((ids) => ids.join(' ')))).toEqual(new Set([expected.join(' ')]));
  const statuses = await reads;
  expect(statuses.length).toBeGreaterThan(0);
  expect(new Set(statuses)).toEqual(new Set([200]));
  for (const stream of audience) stream.cut();
  const [own, together] = [medianOf(one.times), medianOf(all.times)];
  console.log(
    `a block's events were with one listener after ${own.toFixed(1)} ms, with ${LISTENERS} after ` +
      `${together.toFixed(1)} ms, at the longest ${all.times.at(-1)?.toFixed(1)} ms; ${statuses.length} reads meanwhile`,
  );
  expect(together).toBeLessThan(LISTENERS * own); // together, not one after the other
});

const medianOf = (sorted: readonly number[]): number => sorted[sorted.length >> 1] ?? Number.NaN;
