import fc from 'fast-check';
import { expect, test } from 'vitest';
import { priceOf } from '../../../protocol/call/price.ts';
import { datoshi } from '../../../protocol/types/datoshi.ts';
import { createPayer, type PayerDeps } from './payer.ts';

const terms = { ratePerSecond: datoshi(100n), feePerCall: datoshi(50n), initialIncrement: 1, increment: 1 };

function payer(given: Partial<PayerDeps> = {}, amount = 1_000_000n) {
  const world = { now: 0, sent: [] as bigint[], handedIn: [] as bigint[], saved: [] as object[], works: true };
  const made = createPayer(
    {
      escrowId: 7n,
      now: () => world.now,
      sign: async (total) => ({ total, signature: `s${total}` }),
      save: async (kept) => {
        world.saved.push(kept);
      },
      send: async (_, body) => {
        if (world.works) world.sent.push(BigInt(JSON.parse(body).total));
        return world.works;
      },
      handIn: ({ total }) => world.handedIn.push(total),
      ...given,
    },
    { amount, finished: 0n, signed: null },
  );
  return { ...made, world };
}

test('each interval is signed for what was talked, the next INVITE for what the calls before came to', async () => {
  const { world, ...pays } = payer();
  expect(await pays.header()).toBeNull();
  pays.begin('a', terms, 0);
  for (world.now = 10_000; world.now <= 30_000; world.now += 10_000) await pays.tick();
  world.now = 30_500;
  await pays.end('a', 30_500);
  expect(world.sent).toEqual([1_050n, 2_050n, 3_050n]);
  expect(world.handedIn).toEqual([3_150n]); // half a second more, which no call can carry any more
  expect(await pays.header()).toBe('7;3150;s3150');
});

test('what could not be sent is not sent again: the newest is', async () => {
  const { world, ...pays } = payer();
  pays.begin('a', terms, 0);
  world.works = false;
  for (world.now = 10_000; world.now <= 30_000; world.now += 10_000) await pays.tick();
  world.works = true;
  await pays.tick();
  expect(world.sent).toEqual([4_050n]);
});

test('nothing is signed or sent while the line is down; what was talked by then is', async () => {
  const { world, ...pays } = payer();
  pays.begin('a', terms, 0);
  world.now = 10_000;
  await pays.tick();
  pays.stand('a', 12_000);
  world.now = 60_000;
  await pays.tick();
  expect(world.sent).toEqual([1_050n]);
  await pays.catchUp();
  expect(world.sent).toEqual([1_050n, 1_250n]);
  await pays.end('a', 12_000);
  expect(pays.reserve()).toMatchObject({ finished: 1_250n, signed: 1_250n });
});

test('a page that starts anew signs no total twice, and none that is lower', async () => {
  const signed = { total: datoshi(5_000n), signature: 's5000' };
  const totals: bigint[] = [];
  const sign: PayerDeps['sign'] = async (total) => {
    totals.push(total);
    return { total, signature: '' };
  };
  const deps = {
    escrowId: 7n,
    now: () => 10_000,
    sign,
    save: async () => {},
    send: async () => true,
    handIn: () => {},
  };
  const again = createPayer(deps, { amount: 1_000_000n, finished: 4_500n, signed });
  expect(await again.header()).toBe('7;5000;s5000');
  again.begin('a', terms, 7_000);
  await again.tick();
  expect(totals).toEqual([]); // 4,850 were signed for
  again.begin('b', terms, 0);
  await again.tick();
  expect(totals).toEqual([4_500n + 350n + 1_050n]);
});

test('it is saved before it is sent', async () => {
  const order: string[] = [];
  const save = async () => void order.push('saved');
  const send = async () => order.push('sent') > 0;
  const { world, ...pays } = payer({ save, send });
  pays.begin('a', terms, 0);
  world.now = 10_000;
  await pays.tick();
  expect(order).toEqual(['saved', 'sent']);
});

test('whatever happens in whatever order, no more is signed than the calls came to', async () => {
  const action = fc.record({
    ms: fc.nat(20_000),
    what: fc.constantFrom('begin', 'tick', 'down', 'up', 'end', 'break'),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(action, { maxLength: 60 }), async (actions) => {
      const { world, ...pays } = payer({}, 20_000n);
      let [calls, before] = [0, 0n];
      let running: { id: string; from: number; down: number | null } | null = null;
      for (const { ms, what } of actions) {
        world.now += ms;
        if (what === 'begin' && !running) {
          calls += 1;
          running = { id: String(calls), from: world.now, down: null };
          pays.begin(running.id, terms, world.now);
        }
        if (what === 'break') world.works = !world.works;
        if (running && what === 'down') running.down ??= world.now;
        if (running && what === 'up') running.down = null;
        if (running) pays.stand(running.id, running.down);
        if (what === 'tick') await pays.tick();
        if (running && what === 'end') {
          const end = running.down ?? world.now;
          await pays.end(running.id, end);
          before += priceOf(end - running.from, terms).price;
          running = null;
        }
        const talked = running ? priceOf((running.down ?? world.now) - running.from, terms).price : 0n;
        const { signed } = pays.reserve();
        expect(signed).toBeLessThanOrEqual(before + talked);
        expect(signed).toBeLessThanOrEqual(20_000n);
      }
    }),
    { numRuns: 200 },
  );
});
