import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { readHeight } from '../chain/blocks.ts';
import { createDatabase } from '../database/connection.ts';
import { migrate } from '../database/migrate.ts';
import type { Rebuilt } from '../indexer/rebuild.ts';
import type { Reconciliation } from '../indexer/reconcile.ts';
import { readDigests } from '../indexer/store.ts';
import { auditSchema, stateDigest } from '../protocol/api/audit.ts';
import { datoshi } from '../protocol/types/datoshi.ts';
import { urlOf } from './api-world.ts';
import { startTamperedNode } from './harness/fake-node.ts';
import { startFrozenNode } from './harness/frozen-node.ts';
import { krypton } from './harness/krypton.ts';
import { useTestDatabase } from './harness/postgres.ts';
import { type Service, startService } from './harness/services.ts';
import { createWorld, eventually, openEscrow, type World } from './harness/world.ts';

/** The index against the contract's own storage, and against its own events. */
vi.setConfig({ testTimeout: 60_000 });
let world: World;
let indexer: Service;
let closed: bigint;
let open: bigint;

beforeAll(async () => {
  world = await createWorld();
  indexer = await startService('indexer', world.env);
  const { provider, user } = world;
  const voucherKey = Buffer.from(user.publicKey, 'hex');
  open = await openEscrow(world, 1_000_000n, { voucherKey });
  closed = await openEscrow(world, 2_000_000n);
  const claims = [closed, closed].map((escrowId, seq) => ({
    escrowId,
    seq: BigInt(seq),
    amount: datoshi(6_000n),
    seconds: 1n,
    calls: 1n,
    cdrRoot: new Uint8Array(32).fill(7),
    voucher: null,
    close: seq === 1,
  }));
  await world.send(provider, 'settle', { claims });
  await world.send(user, 'closeEscrow', { id: await openEscrow(world, 3_000_000n) });
  const tariff = { uri: 'https://example.org/a "deck"', hash: new Uint8Array(32).fill(9) };
  await world.send(provider, 'setTariff', { provider: provider.address, ...tariff });
  await world.deposit(user, 5n);
  await world.send(user, 'withdraw', { account: user.address, amount: datoshi(3n) });
  await untilIndexed();
});
afterAll(async () => {
  await indexer.kill();
  await world.destroy();
});

async function untilIndexed(): Promise<void> {
  const head = await readHeight(world.rpc);
  const height = () => world.db.selectFrom('cursor').select('height').executeTakeFirst();
  await eventually(async () => ((await height())?.height ?? 0) >= head, `block ${head} is indexed`);
}

const ask = (args: string[], env: NodeJS.ProcessEnv = {}) =>
  krypton(['--json', ...args], {
    env: {
      KRYPTON_DATABASE_URL: world.env.KRYPTON_DATABASE_URL,
      KRYPTON_RPC_URL: world.env.KRYPTON_RPC_URL,
      KRYPTON_NETWORK: world.env.KRYPTON_NETWORK,
      KRYPTON_CONTRACT: world.env.KRYPTON_CONTRACT,
      ...env,
    },
  });
const reconcile = async (...args: string[]) => {
  const { status, stdout, stderr } = await ask(['reconcile', ...args]);
  if (stdout === '') throw new Error(stderr);
  return { status, ...(JSON.parse(stdout) as Reconciliation) };
};

test('index and contract agree, entry by entry, each proved against the state root', async () => {
  const told = await reconcile('--prove');
  expect(told).toMatchObject({ status: 0, differences: [], proved: true, agrees: true });
  expect(told.entries).toBeGreaterThan(10);
  expect(told.root).toMatch(/^0x[0-9a-f]{64}$/);
  const { held, balances, reserved } = told.conservation;
  expect(BigInt(held)).toBe(BigInt(balances) + BigInt(reserved));
  const kept = await world.db.selectFrom('reconciliations').selectAll().execute();
  expect(kept).toMatchObject([{ height: told.height, proved: true, entries: BigInt(told.entries) }]);
});

test('the API tells of it, with the digests as of its block', async () => {
  const api = await startService('api', { ...world.env, KRYPTON_API_PORT: '0' });
  try {
    const url = await urlOf(api);
    const { reconciliation, state } = auditSchema.parse(await (await fetch(`${url}/v1/audit`)).json());
    expect(reconciliation).toMatchObject({ agrees: true, proved: true, differences: [] });
    if (!state) throw new Error('the newest block has digests');
    expect(state.digest).toBe(stateDigest(state.tables));
    const other = auditSchema.parse(await (await fetch(`${url}/v1/audit?height=${state.height + 500}`)).json());
    expect(other.state).toBeNull();
    expect((await fetch(`${url}/v1/audit?height=x`)).status).toBe(400);
  } finally {
    await api.kill();
  }
});

test('so they did at every block before', async () => {
  const { height } = await world.db.selectFrom('cursor').select('height').executeTakeFirstOrThrow();
  for (const at of [world.deployedAt, world.deployedAt + 2, height - 3])
    expect(await reconcile('--height', String(at))).toMatchObject({ status: 0, height: at, differences: [] });
});

test('a node that keeps no state roots is asked what it holds now', async () => {
  const real = world.env.KRYPTON_RPC_URL as string;
  const node = await startTamperedNode(real, ({ method }, answered) =>
    method === 'getstateroot' ? { error: { code: -32601, message: 'no such method' } } : answered,
  );
  const { status, stdout } = await ask(['reconcile'], { KRYPTON_RPC_URL: node.url });
  expect({ status, ...JSON.parse(stdout) }).toMatchObject({ status: 0, root: null, differences: [], agrees: true });
  const proving = await ask(['reconcile', '--prove'], { KRYPTON_RPC_URL: node.url });
  expect(proving).toMatchObject({ status: 1, stdout: '' });
});

test('a node that lies about a value is found out by its own proof', async () => {
  const real = world.env.KRYPTON_RPC_URL as string;
  const node = await startTamperedNode(real, ({ method }, answered) => {
    if (method !== 'findstates' || !('result' in answered)) return answered;
    const { results, ...rest } = answered.result as { results: { key: string; value: string }[] };
    return { result: { ...rest, results: results.map(({ key }) => ({ key, value: 'AQ==' })) } };
  });
  const { status, stderr } = await ask(['reconcile', '--prove'], { KRYPTON_RPC_URL: node.url });
  expect(status).toBe(1);
  expect(stderr).toContain('proves another value');
});

test('each difference is named with both values and its last block, and a rebuild puts the tables right', async () => {
  const { db, user, provider } = world;
  await db.updateTable('escrows').set({ spent: 1n }).where('id', '=', open).execute();
  await db
    .updateTable('balances')
    .set(({ eb }) => ({ balance: eb('balance', '+', 1n) }))
    .where('account', '=', user.address)
    .execute();
  await db.deleteFrom('registrations').where('user', '=', user.address).execute();
  const standing = await reconcile();
  expect(standing.differences.map(({ key }) => key)).toEqual([
    `balance of ${user.address}`,
    `escrow ${open}`,
    `registration of ${user.address} with ${provider.address}`,
  ]);
  expect(standing.differences[1]).toMatchObject({
    index: expect.stringContaining('spent 1,'),
    chain: expect.stringContaining('spent 0,'),
    lastTouchedAt: expect.any(Number),
  });
  expect(standing.differences[2]).toMatchObject({ index: null });
  expect(standing.status).toBe(1);

  const rebuilt = JSON.parse((await ask(['rebuild'])).stdout) as Rebuilt;
  const changed = Object.fromEntries(rebuilt.tables.map((one) => [one.table, one.changed]));
  expect(changed).toEqual({ events: 0, providers: 0, registrations: 1, balances: 1, escrows: 1, settlements: 0 });
  for (const { running, rebuilt: sum } of rebuilt.tables) expect(running).toBe(sum); // the rows alone were wrong
  await world.deposit(user, 11n); // the indexer goes on with the rows as they are now
  await untilIndexed();
  expect(await reconcile()).toMatchObject({ status: 0, differences: [] });
  expect(JSON.parse((await ask(['rebuild'])).stdout)).toMatchObject({ isSame: true });
  expect(indexer.log()).toContain('reading them anew');
});

test('another indexer comes to the same digests at a height, though it takes in many blocks at a time', async () => {
  await indexer.stop();
  const { height } = await world.db.selectFrom('cursor').select('height').executeTakeFirstOrThrow();
  const url = await useTestDatabase();
  await migrate(url);
  const db = createDatabase(url);
  const frozen = await startFrozenNode(world.env.KRYPTON_RPC_URL as string, height);
  const other = await startService('indexer', {
    ...world.env,
    KRYPTON_DATABASE_URL: url,
    KRYPTON_RPC_URL: frozen,
  });
  try {
    const at = () => db.selectFrom('cursor').select('height').executeTakeFirst();
    await eventually(async () => (await at())?.height === height, 'the other index is there');
    expect(await readDigests(db, height)).toEqual(await readDigests(world.db, height));
  } finally {
    await other.kill();
    await db.destroy();
  }
  indexer = await startService('indexer', world.env);
});
