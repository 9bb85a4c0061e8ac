import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readGasBalance } from '../chain/gas.ts';
import { broadcast } from '../chain/transaction.ts';
import { defaultPrefix, refundsQueue } from '../database/queues.ts';
import type { Key } from '../protocol/sign/key.ts';
import { datoshi, datoshiPerGas } from '../protocol/types/datoshi.ts';
import type { TxHash } from '../protocol/types/hash.ts';
import { readBatchSize } from '../settler/batch-size.ts';
import { OutOfBudget, readBudget } from '../settler/budget.ts';
import { confirm } from '../settler/confirm.ts';
import type { Deps } from '../settler/deps.ts';
import { rateCdrs } from '../settler/intake.ts';
import { takeBack } from '../settler/recover.ts';
import { findRefunds } from '../settler/refunds/find.ts';
import { createRefundJobs } from '../settler/refunds/jobs.ts';
import { refund } from '../settler/refunds/refund.ts';
import { settle } from '../settler/settle.ts';
import { createFundedAccounts } from './harness/accounts.ts';
import { type OwnNode, startOwnNode } from './harness/own-node.ts';
import { type Service, startService } from './harness/services.ts';
import { deaf, settlerDeps } from './harness/settler.ts';
import { cdrRow, createWorld, eventually, openEscrow, readStates, type World } from './harness/world.ts';

/** On a chain of its own, whose time is moved: the shortest claim window is ten minutes. */
let node: OwnNode;
let world: World;
let indexer: Service;
let stranger: Key;

beforeAll(async () => {
  node = await startOwnNode();
  world = await createWorld(node);
  [stranger] = (await createFundedAccounts(1, undefined, node)) as [Key];
  indexer = await startService('indexer', world.env);
}, 60_000);
afterAll(async () => {
  await indexer.stop();
  await world.destroy();
  await node.stop();
});

const REST = 5n * datoshiPerGas;
const shortest = { durationMs: 60_000n, claimWindowMs: 600_000n };
const WINDOW_MS = 661_000;

const deps = (given: Partial<Deps> = {}): Deps => settlerDeps(world, { validForBlocks: 3, ...given });
const open = (amount = REST) => openEscrow(world, amount, shortest);
const openSome = async (count: number) => {
  const ids: bigint[] = [];
  for (let i = 0; i < count; i += 1) ids.push(await open());
  return ids;
};
const due = async (given: Partial<Deps> = {}) =>
  (await findRefunds(world.db, deps(given), { limit: 100 })).map(({ escrowId }) => escrowId).sort();
const escrowOf = (id: bigint) =>
  world.db.selectFrom('escrows').selectAll().where('id', '=', id).executeTakeFirstOrThrow();
const statesOf = async (ids: bigint[]) => {
  const rows = await world.db.selectFrom('refunds').selectAll().where('escrowId', 'in', ids).orderBy('id').execute();
  return rows.map(({ state }) => state);
};
/** The chain's time goes past the deadline of all that are open, and the index follows. */
const expire = async (ids: bigint[]) => {
  await node.moveTime(WINDOW_MS);
  await eventually(async () => {
    const known = await due();
    return ids.every((id) => known.includes(id));
  }, 'the index knows that they have expired');
};
const untilConfirmed = (given = deps()) =>
  eventually(async () => (await confirm(given)) === 0, 'nothing is pending', 30_000);
const untilClosed = (ids: bigint[], limitMs?: number) =>
  eventually(
    async () => (await Promise.all(ids.map(escrowOf))).every(({ state }) => state === 'closed'),
    'the index has them closed',
    limitMs,
  );
const faulted = async () => {
  const rows = await world.db.selectFrom('transactions').select('hash').where('state', '=', 'faulted').execute();
  return rows.length;
};

const feesOfHour = async () => {
  const { rows } = await sql<{ fees: bigint }>`select coalesce(sum(system_fee + network_fee), 0)::bigint as fees
    from transactions where state <> 'expired'`.execute(world.db);
  return rows[0]?.fees ?? 0n;
};

/** Each was closed once, by a transaction of ours, and its user has the rest. */
async function expectRefundedOnce(ids: bigint[]): Promise<void> {
  await untilClosed(ids);
  const { db, reader } = world;
  for (const id of ids) {
    expect(await reader.escrow(id)).toBeNull();
    expect(await escrowOf(id)).toMatchObject({ state: 'closed', refunded: REST, spent: 0n });
    const { rows } = await sql<{ count: bigint }>`
      select count(*) from refunds join events on events.tx_hash = refunds.tx_hash and events.name = 'EscrowClosed'
      where refunds.escrow_id = ${id} and refunds.state = 'done' and events.escrow_id = ${id}`.execute(db);
    expect(rows[0]?.count).toBe(1n);
  }
}

describe('an expired escrow', () => {
  test('is left alone until its deadline, then refunded, with others in one transaction', async () => {
    const ids = await openSome(3);
    expect(await refund(deps())).toEqual([]);
    await expire(ids);
    const before = await readGasBalance(world.rpc, world.operator.address);
    const free = await world.reader.balanceOf(world.user.address);
    const [sealed, ...more] = await refund(deps());
    expect(more).toEqual([]);
    expect(await refund(deps())).toEqual([]);
    await untilConfirmed();
    expect(await refund(deps())).toEqual([]); // whether or not the index has it
    await expectRefundedOnce(ids);
    expect((await world.reader.balanceOf(world.user.address)) - free).toBe(3n * REST);
    const fee = (sealed?.systemFee ?? 0n) + (sealed?.networkFee ?? 0n);
    expect(before - (await readGasBalance(world.rpc, world.operator.address))).toBe(fee);
  });

  test('takes the calls with it that nobody claimed, and they say why', async () => {
    const id = await open();
    await node.moveTime(30_000);
    const { openedAt } = await eventually(
      () => world.db.selectFrom('escrows').selectAll().where('id', '=', id).executeTakeFirst(),
      'it is in the index',
    );
    const at = (ms: number) => new Date(openedAt.getTime() + ms);
    const times = { startedAt: at(1_000), answeredAt: at(1_000), endedAt: at(4_000), receivedAt: at(5_000) };
    const row = cdrRow(world, id, times);
    const cdr = await world.db.insertInto('cdrs').values(row).returning('id').executeTakeFirstOrThrow();
    await eventually(async () => (await rateCdrs(deps(), [cdr.id])) === 1, 'the CDR is rated');
    await expire([id]);
    await refund(deps());
    await untilConfirmed();
    await expectRefundedOnce([id]);
    expect(await settle(deps())).toEqual([]);
    expect((await readStates(world.db)).find((each) => each.id === cdr.id)).toMatchObject({
      state: 'failed',
      reasonCode: 'refundedAfterDeadline',
    });
  });

  test('waits for what becomes of a claim that is under way', async () => {
    const [id] = (await openSome(1)) as [bigint];
    await expire([id]);
    const hash = '0xclaim' as TxHash;
    const values = { hash, kind: 'settle', state: 'sealed', bytes: Buffer.of(0) } as const;
    const fees = { validUntilBlock: 1, systemFee: 0n, networkFee: 0n };
    await world.db
      .insertInto('transactions')
      .values({ ...values, ...fees })
      .execute();
    const claim = { escrowId: id, seq: 0n, txHash: hash, amount: 1n, seconds: 1n, calls: 1n, cdrRoot: '0x' };
    await world.db
      .insertInto('claims')
      .values({ ...claim, state: 'sealed' })
      .execute();
    expect(await due()).toEqual([]);
    await world.db.deleteFrom('claims').where('txHash', '=', hash).execute();
    await world.db.deleteFrom('transactions').where('hash', '=', hash).execute();
    expect(await due()).toEqual([id]);
    await refund(deps());
    await untilConfirmed();
    await expectRefundedOnce([id]);
  });
});

describe('whom the operator pays for', () => {
  test('providers that it was told, or those that named it; and not for what is not worth its fee', async () => {
    const [rich, poor] = [await open(), await open(30_000_000n)];
    await expire([rich, poor]);
    const { provider, operator, user } = world;
    expect(await due({ providers: [user.address] })).toEqual([]);
    expect(await due({ signer: stranger })).toEqual([]);
    await world.send(provider, 'setOperator', { provider: provider.address, operator: null });
    await eventually(async () => (await due()).length === 0, 'the index knows that it has no operator');
    expect(await due({ providers: [provider.address] })).toEqual([rich, poor]);
    expect(await refund(deps())).toEqual([]);
    await world.send(provider, 'setOperator', { provider: provider.address, operator: operator.address });
    await eventually(async () => (await due()).length === 2, 'the index knows its operator');

    expect(await refund(deps({ refundMinFees: null }))).toEqual([]);
    expect(await refund(deps({ refundMinFees: 10 }))).toHaveLength(1);
    await untilConfirmed();
    await expectRefundedOnce([rich]);
    expect(await refund(deps({ refundMinFees: 10 }))).toEqual([]);
    expect(await due()).toEqual([poor]);
    expect(await refund(deps({ refundMinFees: 2 }))).toHaveLength(1);
    await untilConfirmed();
    await untilClosed([poor]);
  });

  test('keeps to half of the limit of an hour, which leaves the rest to claims', async () => {
    const ids = await openSome(2);
    await expire(ids);
    const fees = await feesOfHour();
    const tight = (more: bigint) => deps({ feePerHourLimit: datoshi(2n * (fees + more)) });
    await expect(refund(tight(-1n))).rejects.toThrow('refunds leave the rest to claims');
    await expect(refund(tight(1_000n))).rejects.toThrow(OutOfBudget);
    expect((await readBudget(tight(-1n))).left).toBe(fees - 2n); // the other half
    expect(await refund(tight(18_000_000n))).toHaveLength(1); // enough for one of them
    await untilConfirmed();
    await expect(refund(tight(18_000_000n))).rejects.toThrow(OutOfBudget);
    await refund(deps());
    await untilConfirmed();
    await expectRefundedOnce(ids);
  });

  test('two settlers at once keep to it', async () => {
    const ids = (await openSome(2)) as [bigint, bigint];
    await expire(ids);
    const tight = deps({ feePerHourLimit: datoshi(2n * ((await feesOfHour()) + 18_000_000n)) });
    const alone = (id: bigint) => ({ ...tight, restingRefunds: new Map([[id, Number.POSITIVE_INFINITY]]) });
    const both = await Promise.allSettled([refund(alone(ids[0])), refund(alone(ids[1]))]);
    expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(both.find(({ status }) => status === 'rejected')).toHaveProperty('reason.name', 'OutOfBudget');
    await untilConfirmed();
    await refund(deps());
    await untilConfirmed();
    await expectRefundedOnce(ids);
  });
});

describe('killed at any stage, it is refunded once', () => {
  test('before it is sealed', async () => {
    const ids = await openSome(2);
    await expire(ids);
    const { rpc } = world;
    const dies: Deps['rpc']['call'] = (method, params) => {
      if (method === 'calculatenetworkfee') throw new Error('killed');
      return rpc.call(method, params);
    };
    await expect(refund(deps({ rpc: { ...rpc, call: dies } }))).rejects.toThrow('killed');
    expect(await statesOf(ids)).toEqual([]);
    await refund(deps());
    await untilConfirmed();
    await expectRefundedOnce(ids);
  });

  test('sealed and never sent: it is sent after the restart', async () => {
    const ids = await openSome(2);
    await expire(ids);
    expect(await refund(deaf(deps()))).toHaveLength(1);
    expect(await statesOf(ids)).toEqual(['sealed', 'sealed']);
    expect(await refund(deps())).toEqual([]);
    await untilConfirmed();
    expect(await statesOf(ids)).toEqual(['done', 'done']);
    await expectRefundedOnce(ids);
  });

  test('sealed and expired: it is sealed anew', async () => {
    const ids = await openSome(2);
    await expire(ids);
    const [lost] = await refund(deaf(deps()));
    await untilConfirmed(deaf(deps()));
    expect(await statesOf(ids)).toEqual(['void', 'void']);
    const again: TxHash[] = [];
    while (again.length < 3 && (await due()).length > 0) {
      for (const { hash } of await refund(deps())) again.push(hash);
      await untilConfirmed();
    }
    expect(again).not.toContain(lost?.hash);
    await expectRefundedOnce(ids);
  });

  test('sent, and not yet confirmed: the restart asks the chain', async () => {
    const ids = await openSome(2);
    await expire(ids);
    await refund(deps());
    await untilClosed(ids);
    const sealed = await statesOf(ids);
    expect(sealed).toEqual(sealed.map(() => 'sealed'));
    await refund(deps());
    await untilConfirmed();
    await refund(deps());
    await untilConfirmed();
    await expectRefundedOnce(ids);
  });

  test('a settler under SIGKILL, again and again', async () => {
    const before = await faulted();
    const all: bigint[] = [];
    for (let round = 0; round < 6; round += 1) {
      const ids = await openSome(2);
      await expire(ids);
      all.push(...ids);
      const settler = await startService('settler', world.env);
      await new Promise((resolve) => setTimeout(resolve, 70 * round)); // each round dies at another stage
      await settler.kill();
    }
    const settler = await startService('settler', world.env);
    await untilClosed(all, 60_000);
    await settler.stop();
    await untilConfirmed();
    await expectRefundedOnce(all);
    expect(await faulted()).toBe(before);
  }, 120_000);
});

describe('not alone', () => {
  test('several settlers at once: one of them seals', async () => {
    const ids = await openSome(2);
    await expire(ids);
    const sealed = await Promise.all([refund(deps()), refund(deps()), refund(deps())]);
    expect(sealed.flat()).toHaveLength(1);
    await untilConfirmed();
    await expectRefundedOnce(ids);
  });

  test('somebody else was faster, and the index does not know it yet: the others are refunded', async () => {
    const ids = (await openSome(3)) as [bigint, bigint, bigint];
    const [theirs, ...ours] = ids;
    await expire(ids);
    await indexer.stop();
    await world.send(stranger, 'refund', { id: theirs });
    const before = await faulted();
    const looking = deps();
    while ((await refund(looking)).length > 0);
    await untilConfirmed();
    expect(await faulted()).toBe(before);
    expect([...looking.restingRefunds.keys()]).toEqual([theirs]);
    indexer = await startService('indexer', world.env);
    await expectRefundedOnce(ours);
    await untilClosed([theirs]);
    expect(await due()).toEqual([]);
  });

  test('somebody else comes between seal and block: all faults, and the others are refunded anew', async () => {
    const ids = (await openSome(3)) as [bigint, bigint, bigint];
    const [theirs, ...ours] = ids;
    await expire(ids);
    const before = await faulted();
    const [sealed] = await refund(deaf(deps({ validForBlocks: 50 })));
    await world.send(stranger, 'refund', { id: theirs });
    await broadcast(world.rpc, sealed?.bytes as Uint8Array);
    await untilConfirmed(deaf(deps()));
    expect(await faulted()).toBe(before + 1);
    expect(await statesOf(ids)).toEqual(['void', 'void', 'void']);
    await untilClosed([theirs]);
    expect([await readBatchSize(deps(), 'settle'), await readBatchSize(deps(), 'refund')]).toEqual([512, 1]);
    expect(await refund(deps())).toHaveLength(1); // fewer at a time, as one of them may be to blame
    await untilConfirmed();
    while ((await refund(deps())).length > 0) await untilConfirmed();
    await expectRefundedOnce(ours);
    expect(await faulted()).toBe(before + 1);
  });

  test('a user who empties their balance does not fault the refund of others', async () => {
    const { user, reader } = world;
    await world.deposit(user, 1_000n);
    const ids = await openSome(1);
    await expire(ids);
    const [sealed] = await refund(deaf(deps({ validForBlocks: 50 })));
    await world.send(user, 'withdraw', { account: user.address, amount: await reader.balanceOf(user.address) });
    await broadcast(world.rpc, sealed?.bytes as Uint8Array);
    await untilConfirmed(deaf(deps()));
    expect(await statesOf(ids)).toEqual(['done']);
    await expectRefundedOnce(ids);
  });

  test('what faults alone three times is left to its user', async () => {
    const [id] = (await openSome(1)) as [bigint];
    await expire([id]);
    for (let i = 0; i < 3; i += 1) {
      expect(await due()).toEqual([id]);
      await sql`insert into transactions (hash, kind, state, bytes, valid_until_block, system_fee, network_fee, height)
        values (${`0xfault${i}`}, 'refund', 'faulted', '', 1, 0, 0, 1)`.execute(world.db);
      await sql`insert into refunds (escrow_id, tx_hash, state) values (${id}, ${`0xfault${i}`}, 'void')`.execute(
        world.db,
      );
    }
    expect(await due()).toEqual([]);
    await world.send(world.user, 'refund', { id });
    await untilClosed([id]);
    await sql`delete from refunds where escrow_id = ${id}`.execute(world.db);
    await sql`delete from transactions where hash like '0xfault%'`.execute(world.db);
  });

  test('a refund that a crashed devnet has lost is open again, and nothing is refunded meanwhile', async () => {
    const { db } = world;
    const [id, other] = (await openSome(2)) as [bigint, bigint];
    const ids = [id];
    await expire([id, other]);
    const [sealed] = await refund(deps({ restingRefunds: new Map([[other, Number.POSITIVE_INFINITY]]) }));
    await untilConfirmed();
    await untilClosed(ids);
    expect(await due()).toEqual([other]);
    const hash = sealed?.hash as TxHash;
    const events = await db.selectFrom('events').selectAll().where('txHash', '=', hash).execute();
    await db.deleteFrom('events').where('txHash', '=', hash).execute();
    await db.updateTable('escrows').set({ state: 'open', refunded: null }).where('id', 'in', ids).execute();
    await db
      .insertInto('rollbacks')
      .values({ height: Math.min(...events.map(({ height }) => height)) - 1 })
      .execute();
    expect(await due()).toEqual([]);
    await takeBack(deps());
    expect(await statesOf(ids)).toEqual(['sealed']);
    expect(await due()).toEqual([other]);
    await db
      .insertInto('events')
      .values(events.map((event) => ({ ...event, payload: JSON.stringify(event.payload) })))
      .execute();
    await db.updateTable('escrows').set({ state: 'closed', refunded: REST }).where('id', 'in', ids).execute();
    await untilConfirmed();
    await expectRefundedOnce(ids);
    await refund(deps());
    await untilConfirmed();
    await expectRefundedOnce([other]);
  });
});

describe('jobs', () => {
  const MINUTE_MS = 60_000;
  let redis: Redis;
  let queue: Queue;

  beforeAll(() => {
    redis = new Redis(world.env.KRYPTON_REDIS_URL as string, { maxRetriesPerRequest: null });
    queue = new Queue(refundsQueue, { connection: redis, prefix: defaultPrefix });
  });
  afterAll(async () => {
    await queue.close();
    redis.disconnect();
  });

  test('wake a settler, which else looks now and then', async () => {
    const seen = await openSome(1);
    await expire(seen);
    const settler = await startService('settler', world.env);
    await untilClosed(seen); // it has looked
    const [id] = (await openSome(1)) as [bigint];
    await expire([id]);
    await new Promise((resolve) => setTimeout(resolve, 3_000)); // blocks come, and it does not look again
    expect((await escrowOf(id)).state).toBe('open');
    await queue.add('refund', { escrowId: String(id) });
    await untilClosed([id], 10_000);
    await settler.stop();
    await untilConfirmed();
    await expectRefundedOnce([id]);
  }, 60_000);

  test('are planned from Postgres for what expires soon, once each, and again where Redis has lost them', async () => {
    const { db, provider } = world;
    const inMinutes: [bigint, number, string][] = [
      [9_001n, 1, 'open'],
      [9_002n, 4, 'closing'],
      [9_003n, 4, 'closed'],
      [9_004n, 90, 'open'],
      [9_005n, -1, 'open'],
    ];
    for (const [id, minutes, state] of inMinutes)
      await sql`insert into escrows (id, "user", provider, state, amount, rate_per_second, fee_per_call, increment,
          max_parallel, opened_at, ends_at, claim_deadline)
        values (${id}, 'user', ${provider.address}, ${state}, 100, 1, 0, 1, 1, now(), now(),
          ${new Date(Date.now() + minutes * MINUTE_MS)})`.execute(db);
    const planned = async () =>
      (await queue.getDelayed()).map(({ data }) => (data as { escrowId: string }).escrowId).sort();
    const report = (error: unknown) => {
      throw error;
    };
    const settlers = [1, 2].map(() => createRefundJobs(deps(), { connection: redis, msPerBlock: 100, report }));
    for (const settler of settlers) await settler.plan();
    expect(await planned()).toEqual(['9001', '9002']);
    const delays = (await queue.getDelayed()).map(({ delay }) => delay).sort((a, b) => a - b);
    expect(Math.abs((delays[0] ?? 0) - MINUTE_MS)).toBeLessThan(5_000);
    await redis.flushdb();
    const restarted = createRefundJobs(deps(), { connection: redis, msPerBlock: 100, report });
    await restarted.plan();
    expect(await planned()).toEqual(['9001', '9002']);
    for (const settler of [...settlers, restarted]) await settler.close();
    await sql`delete from escrows where id > 9000`.execute(db);
  });
});
