import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Block, readBlockHash, readFiltered, readHeight, readLogs } from '../chain/blocks.ts';
import { readOutcome } from '../chain/outcome.ts';
import { broadcast } from '../chain/transaction.ts';
import { digestTables } from '../indexer/digest-tables.ts';
import { rollBack } from '../indexer/rollback.ts';
import { readDigests } from '../indexer/store.ts';
import { contractCall } from '../protocol/contract/call.ts';
import { createNonce, scriptOf, signTransaction } from '../protocol/contract/transaction.ts';
import { datoshi, datoshiPerGas } from '../protocol/types/datoshi.ts';
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

/** Blocks from one height to another, read in one of the two ways, as many at a time as it gives. */
async function readAll(read: typeof readLogs, from: number, to: number): Promise<Block[]> {
  const blocks: Block[] = [];
  while (from + blocks.length <= to)
    blocks.push(
      ...(await read(world.rpc, world.contract, height(from + blocks.length), to - from - blocks.length + 1)),
    );
  return blocks;
}
const filtered: typeof readLogs = async (...asked) => {
  const blocks = await readFiltered(...asked);
  if (blocks === 'unsupported') throw new Error('the real node has getblocknotifications');
  return blocks;
};

test('filtered notifications and application logs say the same of every block', async () => {
  const id = await openEscrow(world, 1_000_000n);
  await world.send(world.user, 'extendEscrow', { id, amount: datoshi(0n), durationMs: 60_000n });
  const head = await readHeight(world.rpc);
  const blocks = await readAll(filtered, world.deployedAt, head);
  expect(blocks.flatMap(({ notifications }) => notifications).length).toBeGreaterThan(5);
  expect(blocks).toEqual(await readAll(readLogs, world.deployedAt, head));
});

test('a block that the node does not have yet is waited for, never taken for empty', async () => {
  const future = height((await readHeight(world.rpc)) + 1_000);
  await expect(readFiltered(world.rpc, world.contract, future, 1)).rejects.toMatchObject({ name: 'NodeUnavailable' });
  await expect(readLogs(world.rpc, world.contract, future, 1)).rejects.toMatchObject({ name: 'NodeUnavailable' });
});

test('a transaction that faults in its block leaves no event behind', async () => {
  const { rpc, contract, network, provider, db } = world;
  // The first call speaks, the second one faults: a dry run would refuse this, so its fees are set by hand.
  const script = scriptOf([
    contractCall(contract, 'relocate', { provider: provider.address, location: 'sip.never.example' }),
    contractCall(contract, 'withdraw', { account: provider.address, amount: datoshi(10n ** 15n) }),
  ]);
  const fees = { systemFee: datoshi(datoshiPerGas), networkFee: datoshi(datoshiPerGas / 10n) };
  const validUntilBlock = height((await readHeight(rpc)) + 20);
  const signed = await signTransaction({ script, validUntilBlock, ...fees, nonce: createNonce() }, provider, network);
  await broadcast(rpc, signed.bytes);
  const outcome = await eventually(async () => {
    const found = await readOutcome(rpc, signed.hash, validUntilBlock);
    return found.kind === 'executed' ? found : null;
  }, 'the transaction is in a block');
  expect(outcome.execution).toMatchObject({ state: 'FAULT', notifications: [] });
  expect(outcome.execution.exception).toContain('balance');
  const log = await rpc.call('getapplicationlog', [signed.hash]);
  expect(log.executions[0]?.notifications).toMatchObject([{ eventname: 'ProviderRelocated' }]); // the node has kept it

  for (const read of [filtered, readLogs]) {
    const [block] = await read(rpc, contract, outcome.height, 1);
    expect(block).toMatchObject({ height: outcome.height });
    expect(block?.notifications.filter(({ txHash }) => txHash === signed.hash)).toEqual([]);
  }
  await indexed(outcome.height);
  expect(await db.selectFrom('events').selectAll().where('txHash', '=', signed.hash).execute()).toEqual([]);
  const { location } = await db
    .selectFrom('providers')
    .select('location')
    .where('provider', '=', provider.address)
    .executeTakeFirstOrThrow();
  expect(location).toBe('sip.example.org');
});

test('a standby takes over from a killed leader', async () => {
  const standby = await startService('indexer', world.env);
  await eventually(async () => standby.log().includes('standing by'), 'the second one stands by');
  const killedAt = performance.now();
  await indexer.kill();
  indexer = standby;
  await eventually(async () => standby.log().includes('"indexing"'), 'the second one leads');
  expect(performance.now() - killedAt).toBeLessThan(5_000);
  await world.deposit(world.user, 5n);
  await indexed(await readHeight(world.rpc));
});

test('state rebuilt from the events is the state that was derived block by block', async () => {
  await indexer.kill();
  const { height: at, hash } = await cursor();
  const before = await derived();
  const digests = await readDigests(world.db, at);
  expect(await world.db.transaction().execute((tx) => digestTables(tx, 'public'))).toEqual(digests);
  await rollBack(world.db, { height: at, hash }, { height: at, hash });
  expect(await readDigests(world.db, at)).toEqual(digests);
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
  await world.db.updateTable('digests').set({ height: lost.height }).where('height', '=', at).execute();
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
  expect(follower.log()).toMatch(/the node is behind|blocks behind/); // found at its start, or later
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
  ['KRYPTON_DATABASE_URL', 'mysql://x', 'KRYPTON_DATABASE_URL'],
  ['KRYPTON_NETWROK', '1', 'did you mean KRYPTON_NETWORK'],
])('%s=%s is refused in one line', async (name, value, words) => {
  const error = await startService('indexer', { ...world.env, [name]: value }).catch((refusal: Error) => refusal);
  expect((error as Error).message).toContain(words);
  expect((error as Error).message).not.toMatch(/\\n\s+at /);
});
