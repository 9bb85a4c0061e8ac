import { afterAll, beforeAll, expect, test } from 'vitest';
import { createBlockReader, readBlockHash, readFiltered, readHeight, readLogs } from '../chain/blocks.ts';
import { rebuild } from '../indexer/rebuild.ts';
import { datoshi } from '../protocol/types/datoshi.ts';
import type { TxHash } from '../protocol/types/hash.ts';
import { height } from '../protocol/types/height.ts';
import { startFrozenNode } from './harness/frozen-node.ts';
import { type Service, startService } from './harness/services.ts';
import { createWorld, eventually, openEscrow, type World } from './harness/world.ts';

let world: World;
let indexer: Service;

beforeAll(async () => {
  world = await createWorld();
  indexer = await startService('indexer', world.env);
});
afterAll(async () => {
  await indexer.kill();
  await world.destroy();
});

const cursor = () => world.db.selectFrom('cursor').selectAll().executeTakeFirstOrThrow();
const indexed = (at: number) => eventually(async () => (await cursor()).height >= at, `block ${at} is indexed`);
const derived = async () =>
  Promise.all(
    (['providers', 'registrations', 'balances', 'escrows', 'settlements'] as const).map((table) =>
      world.db
        .selectFrom(table)
        .selectAll()
        .orderBy(({ ref }) => ref(firstColumn[table] as never))
        .execute(),
    ),
  );
const firstColumn = {
  providers: 'provider',
  registrations: 'uuid',
  balances: 'account',
  escrows: 'id',
  settlements: 'position',
};

test('filtered notifications and application logs say the same of every block', async () => {
  const id = await openEscrow(world, 1_000_000n);
  await world.send(world.user, 'extendEscrow', { id, amount: datoshi(0n), durationMs: 60_000n });
  const head = await readHeight(world.rpc);
  for (let from = world.deployedAt as number; from <= head; from += 20) {
    const count = Math.min(20, head - from + 1);
    const filtered = await readFiltered(world.rpc, world.contract, height(from), count);
    expect(filtered).toEqual(await readLogs(world.rpc, world.contract, height(from), count));
  }
});

test('a node without filtered notifications is read by its logs', async () => {
  const { rpc, contract, deployedAt } = world;
  const withoutFilter = {
    ...rpc,
    batch: (calls: { method: string; params: unknown[] }[]) =>
      rpc.batch(calls.map((call) => (call.method === 'getblocknotifications' ? { ...call, method: 'none' } : call))),
  };
  const read = createBlockReader(withoutFilter, contract);
  const count = Math.min(10, (await readHeight(rpc)) - deployedAt + 1);
  expect(await read(deployedAt, count)).toEqual(await createBlockReader(rpc, contract)(deployedAt, count));
});

test('a block that the node does not have yet is waited for, never taken for empty', async () => {
  const future = height((await readHeight(world.rpc)) + 1_000);
  await expect(readFiltered(world.rpc, world.contract, future, 1)).rejects.toMatchObject({ name: 'NodeUnavailable' });
  await expect(readLogs(world.rpc, world.contract, future, 1)).rejects.toMatchObject({ name: 'NodeUnavailable' });
});

test('a refused call leaves no event behind', async () => {
  const before = await world.db.selectFrom('events').select('name').execute();
  await expect(
    world.send(world.user, 'withdraw', { account: world.user.address, amount: datoshi(10n ** 15n) }),
  ).rejects.toThrow('balance');
  await indexed(await readHeight(world.rpc));
  expect(await world.db.selectFrom('events').select('name').execute()).toHaveLength(before.length);
});

test('a standby takes over from a killed leader', async () => {
  const standby = await startService('indexer', world.env);
  await eventually(async () => standby.log().includes('standing by'), 'the second one stands by');
  await indexer.kill();
  indexer = standby;
  await world.deposit(world.user, 5n);
  await indexed(await readHeight(world.rpc));
});

test('state rebuilt from the events is the state that was derived block by block', async () => {
  await indexer.kill();
  const { height: at, hash } = await cursor();
  const before = await derived();
  await rebuild(world.db, { height: at, hash }, { height: at, hash });
  const [providers, registrations, balances, escrows] = await derived();
  expect([providers, registrations, balances, escrows]).toEqual(before.slice(0, 4));
  expect(await derived()).toEqual(before);
  indexer = await startService('indexer', world.env);
});

test('blocks that a crashed devnet has lost are rolled back', async () => {
  await world.deposit(world.user, 7n);
  await indexed(await readHeight(world.rpc));
  await indexer.kill();
  const before = await derived();
  const { height: at } = await cursor();
  // as if the chain had had other blocks here: the deposit below never was
  const lost = { height: at + 1, hash: `0x${'ab'.repeat(32)}` };
  await world.db
    .insertInto('blocks')
    .values({ ...lost, previousHash: `0x${'00'.repeat(32)}`, time: new Date() } as never)
    .execute();
  const payload = JSON.stringify({ account: world.user.address, from: world.user.address, amount: '1000' });
  await world.db
    .insertInto('events')
    .values({
      height: lost.height,
      position: 0,
      txHash: lost.hash as TxHash,
      ordinal: 0,
      name: 'Deposited',
      payload,
      escrowId: null,
    })
    .execute();
  await world.db
    .updateTable('balances')
    .set((eb) => ({ balance: eb('balance', '+', 1_000n) }))
    .where('account', '=', world.user.address)
    .execute();
  await world.db
    .updateTable('cursor')
    .set(lost as never)
    .execute();
  indexer = await startService('indexer', world.env);
  await eventually(async () => (await cursor()).height > lost.height, 'the index follows the chain again');
  expect(indexer.log()).toContain('going back to the last common one');
  expect(await derived()).toEqual(before);
  expect(await world.reader.balanceOf(world.user.address)).toBe(
    (
      await world.db
        .selectFrom('balances')
        .select('balance')
        .where('account', '=', world.user.address)
        .executeTakeFirstOrThrow()
    ).balance,
  );
});

test('a node that lags is left for the next one', async () => {
  await indexer.kill();
  const { height: at } = await cursor();
  const real = world.env.KRYPTON_RPC_URL as string;
  const frozen = await startFrozenNode(real, at - 1);
  const follower = await startService('indexer', { ...world.env, KRYPTON_RPC_URL: `${frozen},${real}` });
  await eventually(async () => (await cursor()).height > at, 'the index goes on');
  expect(follower.log()).toContain('the node is behind');
  await follower.stop();
  indexer = await startService('indexer', world.env);
});

test('another chain under an old database stops the indexer, and says what to do', async () => {
  await indexer.kill();
  const from = (await cursor()).height - 101;
  const hashes = await world.db
    .selectFrom('blocks')
    .select(['height', 'hash'])
    .where('height', '>', Math.max(from, 0) - 1)
    .execute();
  await world.db
    .updateTable('blocks')
    .set({ hash: `0x${'cd'.repeat(32)}` as never })
    .execute();
  await world.db
    .updateTable('cursor')
    .set({ hash: `0x${'cd'.repeat(32)}` as never })
    .execute();
  const stopped = await startService('indexer', world.env).catch((error: Error) => error);
  const said = stopped instanceof Error ? stopped.message : await stopped.ended.then(() => stopped.log());
  expect(said).toContain('npm run reset');
  for (const { height: at, hash } of hashes)
    await world.db.updateTable('blocks').set({ hash }).where('height', '=', at).execute();
  const newest = await cursor();
  await world.db
    .updateTable('cursor')
    .set({ hash: (await readBlockHash(world.rpc, height(newest.height))) as never })
    .execute();
  indexer = await startService('indexer', world.env);
});

test.each([
  ['KRYPTON_NETWORK', '1', 'network'],
  ['KRYPTON_CONTRACT', `0x${'11'.repeat(20)}`, 'there is no contract'],
  ['KRYPTON_RPC_URL', 'http://127.0.0.1:9', 'does not answer'],
  ['KRYPTON_DATABASE_URL', 'mysql://x', 'KRYPTON_DATABASE_URL'],
  ['KRYPTON_NETWROK', '1', 'did you mean KRYPTON_NETWORK'],
])('%s=%s is refused in one line', async (name, value, words) => {
  const error = await startService('indexer', { ...world.env, [name]: value }).catch((refusal: Error) => refusal);
  expect((error as Error).message).toContain(words);
  expect((error as Error).message).not.toMatch(/\\n\s+at /);
});
