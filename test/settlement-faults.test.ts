import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { readHeight } from '../chain/blocks.ts';
import { readOutcome } from '../chain/outcome.ts';
import { createRpc } from '../chain/rpc.ts';
import { broadcast } from '../chain/transaction.ts';
import { createKey } from '../protocol/sign/key.ts';
import { datoshi } from '../protocol/types/datoshi.ts';
import { height } from '../protocol/types/height.ts';
import { OutOfBudget, readBudget } from '../settler/budget.ts';
import { confirm } from '../settler/confirm.ts';
import type { Deps } from '../settler/deps.ts';
import { rateCdrs } from '../settler/intake.ts';
import { leaveLaggingNode } from '../settler/lag.ts';
import { takeBack } from '../settler/recover.ts';
import { listParked, releaseParked } from '../settler/review.ts';
import { settle } from '../settler/settle.ts';
import { createFundedAccount } from './harness/accounts.ts';
import { startFrozenNode } from './harness/frozen-node.ts';
import { type Service, startService } from './harness/services.ts';
import { deaf, settlerDeps } from './harness/settler.ts';
import { cdrRow, createWorld, eventually, openEscrow, readStates, type World } from './harness/world.ts';

let world: World;
let indexer: Service;

beforeAll(async () => {
  world = await createWorld();
  indexer = await startService('indexer', world.env);
});
afterAll(async () => {
  await indexer.stop();
  await world.destroy();
});

/** Every CDR was paid once, by one accepted claim, and the chain holds just the sum. */
async function expectPaidOnce(escrowIds: bigint[], price: bigint, cdrs: number): Promise<void> {
  const { db, reader } = world;
  const claims = await db
    .selectFrom('claims')
    .select(['escrowId', 'seq', 'amount', 'calls'])
    .where('state', '=', 'accepted')
    .where('escrowId', 'in', escrowIds)
    .execute();
  expect(claims.reduce((sum, claim) => sum + claim.calls, 0n)).toBe(BigInt(cdrs));
  const escrows = await Promise.all(escrowIds.map((id) => reader.escrow(id)));
  expect(escrows.reduce((sum, escrow) => sum + (escrow?.spent ?? 0n), 0n)).toBe(price * BigInt(cdrs));
  const ratings = await db.selectFrom('ratings').select('state').where('escrowId', 'in', escrowIds).execute();
  expect(ratings.map(({ state }) => state)).toEqual(Array(cdrs).fill('settled'));
}

const submit = async (escrowId: bigint) =>
  (await world.db.insertInto('cdrs').values(cdrRow(world, escrowId)).returning('id').executeTakeFirstOrThrow()).id;

const allSettled = (escrowIds: bigint[], cdrs: number) =>
  eventually(
    async () => {
      const rows = await world.db
        .selectFrom('ratings')
        .select('state')
        .where('escrowId', 'in', escrowIds)
        .where('state', '=', 'settled')
        .execute();
      return rows.length === cdrs;
    },
    'all CDRs are settled',
    60_000,
  );

const deps = (): Deps => settlerDeps(world, { validForBlocks: 3 });
const rated = async (escrowId: bigint) => {
  const id = await submit(escrowId);
  await eventually(async () => (await rateCdrs(deps(), [id])) === 1, 'the CDR is rated');
  return id;
};
const reasonOf = async (id: bigint) => (await readStates(world.db)).find((cdr) => cdr.id === id)?.reasonCode;
const stateOf = async (id: bigint) => (await readStates(world.db)).find((cdr) => cdr.id === id)?.state;
const feesSpent = async () => {
  const rows = await world.db.selectFrom('transactions').selectAll().where('state', '!=', 'expired').execute();
  return rows.reduce((sum, { systemFee, networkFee }) => sum + systemFee + networkFee, 0n);
};
const untilConfirmed = () => eventually(async () => (await confirm(deps())) === 0, 'nothing is pending');
const untilIndexed = (escrowId: bigint, seq: bigint) =>
  eventually(
    async () =>
      (await world.db.selectFrom('escrows').select('seq').where('id', '=', escrowId).executeTakeFirst())?.seq === seq,
    'the index has it',
  );

describe('killed at any moment, all is paid and nothing twice', () => {
  test('a settler under SIGKILL, again and again, while CDRs come in', async () => {
    const escrowIds = [await openEscrow(world, 100_000_000n), await openEscrow(world, 100_000_000n)];
    let cdrs = 0;
    for (let round = 0; round < 8; round += 1) {
      const settler = await startService('settler', world.env);
      for (let i = 0; i < 3; i += 1) for (const escrowId of escrowIds) await submit(escrowId).then(() => (cdrs += 1));
      await new Promise((resolve) => setTimeout(resolve, 60 * round)); // each round dies at another stage
      await settler.kill();
    }
    const settler = await startService('settler', world.env);
    await allSettled(escrowIds, cdrs);
    await settler.stop();
    await expectPaidOnce(escrowIds, 11_000n, cdrs);
  }, 120_000);

  test('two settlers at once, one of them killed', async () => {
    const escrowIds = [await openEscrow(world, 100_000_000n), await openEscrow(world, 100_000_000n)];
    const [first, second] = (await Promise.all([
      startService('settler', world.env),
      startService('settler', world.env),
    ])) as [Service, Service];
    for (let i = 0; i < 10; i += 1) for (const escrowId of escrowIds) await submit(escrowId);
    await first.kill();
    await allSettled(escrowIds, 20);
    await second.stop();
    await expectPaidOnce(escrowIds, 11_000n, 20);
  }, 120_000);

  test('an indexer under SIGKILL', async () => {
    const escrowId = await openEscrow(world, 100_000_000n);
    const settler = await startService('settler', world.env);
    for (let round = 0; round < 4; round += 1) {
      await submit(escrowId);
      await indexer.kill();
      indexer = await startService('indexer', world.env);
    }
    await allSettled([escrowId], 4);
    await settler.stop();
    await expectPaidOnce([escrowId], 11_000n, 4);
  }, 120_000);

  test('all of Redis lost in the middle', async () => {
    const escrowId = await openEscrow(world, 100_000_000n);
    const redis = new Redis(world.env.KRYPTON_REDIS_URL as string);
    const settler = await startService('settler', world.env);
    for (let i = 0; i < 10; i += 1) {
      await submit(escrowId);
      await redis.flushall();
    }
    await allSettled([escrowId], 10);
    redis.disconnect();
    await settler.stop();
    await expectPaidOnce([escrowId], 11_000n, 10);
  }, 120_000);
});

describe('stage by stage', () => {
  test('sealed and never sent: it is sent after the restart, and paid once', async () => {
    const escrowId = await openEscrow(world, 1_000_000n);
    const id = await rated(escrowId);
    expect(await settle(deaf(deps()))).toHaveLength(1);
    expect(await stateOf(id)).toBe('claimed');
    expect(await settle(deps())).toEqual([]); // nothing is claimed a second time meanwhile
    await untilConfirmed();
    expect(await stateOf(id)).toBe('settled');
    await expectPaidOnce([escrowId], 11_000n, 1);
  });

  test('sealed and expired: its calls are sealed anew under the same number, and paid once', async () => {
    const escrowId = await openEscrow(world, 1_000_000n);
    const id = await rated(escrowId);
    const [lost] = await settle(deaf(deps()));
    await eventually(async () => (await confirm(deaf(deps()))) === 0, 'the chain is past its validUntilBlock', 30_000);
    expect(await stateOf(id)).toBe('rated');
    const [again] = await settle(deps());
    expect(again?.hash).not.toBe(lost?.hash);
    await untilConfirmed();
    await expectPaidOnce([escrowId], 11_000n, 1);
    expect((await readOutcome(world.rpc, lost?.hash as never, height(0))).kind).toBe('expired');
  });

  test('two settlers plan the same claim: one of them seals it', async () => {
    const escrowId = await openEscrow(world, 1_000_000n);
    await rated(escrowId);
    const sealed = await Promise.all([settle(deps()), settle(deps()), settle(deps())]);
    expect(sealed.flat()).toHaveLength(1);
    await untilConfirmed();
    await expectPaidOnce([escrowId], 11_000n, 1);
  });

  test('a database restored from before a payment: the escrow is parked instead of paid again', async () => {
    const escrowId = await openEscrow(world, 1_000_000n);
    const id = await rated(escrowId);
    await settle(deps());
    await untilConfirmed();
    await untilIndexed(escrowId, 1n);
    const { db } = world;
    await db
      .updateTable('ratings')
      .set({ state: 'rated', claimId: null, amount: null })
      .where('cdrId', '=', id)
      .execute();
    await db.deleteFrom('claims').where('escrowId', '=', escrowId).execute();
    expect(await settle(deps())).toEqual([]);
    expect(
      await db.selectFrom('parkedEscrows').select('escrowId').where('escrowId', '=', escrowId).execute(),
    ).toHaveLength(1);
    expect((await world.reader.escrow(escrowId))?.spent).toBe(11_000n);
    const later = await rated(escrowId);
    expect(await settle(deps())).toEqual([]);
    expect([await reasonOf(id), await reasonOf(later)]).toEqual(['parked', 'parked']);

    // a person has looked: the first call was paid, the later one was not
    const review = { escrowId, reviewedSeq: 1n, paidElsewhere: [id], dryRun: false };
    expect(await listParked(db, escrowId)).toMatchObject([{ acceptedClaims: 1n, calls: 2n, price: 22_000n }]);
    expect(await releaseParked(db, { ...review, dryRun: true })).toEqual({ kind: 'released', failed: 1, freed: 1 });
    expect(await settle(deps())).toEqual([]);
    expect(await releaseParked(db, { ...review, reviewedSeq: 2n })).toEqual({
      kind: 'beyondIndex',
      acceptedClaims: 1n,
    });
    expect(await releaseParked(db, { ...review, reviewedSeq: 0n })).toEqual({ kind: 'notReviewed', seq: 0n });
    expect(await releaseParked(db, { ...review, paidElsewhere: [id, 987n] })).toEqual({
      kind: 'notWaiting',
      cdrIds: [987n],
    });
    expect([await reasonOf(id), await reasonOf(later)]).toEqual(['parked', 'parked']);
    expect(await releaseParked(db, review)).toEqual({ kind: 'released', failed: 1, freed: 1 });
    expect(await releaseParked(db, review)).toEqual({ kind: 'notParked' });
    expect([await stateOf(id), await reasonOf(id)]).toEqual(['failed', 'paidElsewhere']);
    expect(await settle(deps())).toHaveLength(1);
    await untilConfirmed();
    expect(await stateOf(later)).toBe('settled');
    expect((await world.reader.escrow(escrowId))?.spent).toBe(22_000n);
  });

  test('a database restored from before a seal: its own second claim of the same calls does not vouch for the first', async () => {
    const escrowId = await openEscrow(world, 1_000_000n);
    const id = await rated(escrowId);
    const { db } = world;
    const patient = { ...deps(), validForBlocks: 200 };
    const [forgotten] = await settle(deaf(patient));
    await db
      .updateTable('ratings')
      .set({ state: 'rated', claimId: null, amount: null })
      .where('cdrId', '=', id)
      .execute();
    await db.deleteFrom('claims').where('escrowId', '=', escrowId).execute();
    await db
      .deleteFrom('transactions')
      .where('hash', '=', forgotten?.hash as never)
      .execute();

    // the same calls make the same root, in another transaction; the forgotten one was on its way
    expect(await settle(deaf(patient))).toHaveLength(1);
    await broadcast(world.rpc, forgotten?.bytes as Uint8Array);
    const later = await rated(escrowId);
    await untilIndexed(escrowId, 1n);
    await settle(patient); // looks at the claims of the escrow while our own is still open
    const review = { escrowId, reviewedSeq: 1n, paidElsewhere: [], dryRun: false };
    expect(await releaseParked(db, review)).toMatchObject({ kind: 'underWay', seq: 0n });
    await untilConfirmed();
    await settle(patient);
    await untilConfirmed();
    expect([await reasonOf(id), await reasonOf(later)]).toEqual(['parked', 'parked']);
    expect((await world.reader.escrow(escrowId))?.spent).toBe(11_000n);
    expect(await releaseParked(db, { ...review, paidElsewhere: [id] })).toMatchObject({ failed: 1, freed: 1 });
    await settle(patient);
    await untilConfirmed();
    expect((await world.reader.escrow(escrowId))?.spent).toBe(22_000n);
  });

  test('a confirmed transaction that a crashed devnet has lost is open again', async () => {
    const escrowId = await openEscrow(world, 1_000_000n);
    const id = await rated(escrowId);
    const [transaction] = await settle(deps());
    await untilConfirmed();
    await untilIndexed(escrowId, 1n);
    const { db } = world;
    const hash = transaction?.hash as never;
    const events = await db.selectFrom('events').selectAll().where('txHash', '=', hash).execute();
    const settlements = await db.selectFrom('settlements').selectAll().where('txHash', '=', hash).execute();
    await db.deleteFrom('settlements').where('txHash', '=', hash).execute();
    await db.deleteFrom('events').where('txHash', '=', hash).execute();
    const above = Math.min(...events.map(({ height }) => height)) - 1;
    await db.insertInto('rollbacks').values({ height: above }).execute();
    await takeBack(deps());
    expect(await stateOf(id)).toBe('claimed');
    await db
      .insertInto('events')
      .values(events.map((event) => ({ ...event, payload: JSON.stringify(event.payload) })))
      .execute();
    await db.insertInto('settlements').values(settlements).execute();
    await untilConfirmed();
    expect(await stateOf(id)).toBe('settled');
  });

  test('a fee above the limit is not spent', async () => {
    const escrowId = await openEscrow(world, 1_000_000n);
    const id = await rated(escrowId);
    expect(await settle({ ...deps(), feePerTransactionLimit: datoshi(1_000n) })).toEqual([]);
    expect(await reasonOf(id)).toBe('feeLimit');
    await expect(settle({ ...deps(), feePerHourLimit: datoshi(1_000n) })).rejects.toThrow(OutOfBudget);
    await expect(settle({ ...deps(), signer: createKey() })).rejects.toThrow('holds too little GAS');
    expect(await stateOf(id)).toBe('rated');
    await settle(deps());
    await untilConfirmed();
    expect(await stateOf(id)).toBe('settled');
  });

  test('a claim that is not worth its fee waits, and holds up nobody', async () => {
    const cheap = await rated(await openEscrow(world, 1_000_000n, { durationMs: 600_000n }));
    const dear = await rated(await openEscrow(world, 100_000_000n, { ratePerSecond: datoshi(10_000_000n) }));
    expect(await settle({ ...deps(), minFees: 2 })).toHaveLength(1);
    await untilConfirmed();
    expect([await stateOf(cheap), await reasonOf(cheap), await stateOf(dear)]).toEqual([
      'rated',
      'tooSmall',
      'settled',
    ]);
    await settle(deps());
    await untilConfirmed();
    expect(await stateOf(cheap)).toBe('settled');
  });

  test('a claim that the chain would reject is set aside, and holds up nobody', async () => {
    const { db } = world;
    const stuck = await openEscrow(world, 1_000_000n, { durationMs: 600_000n });
    const good = await openEscrow(world, 1_000_000n);
    const [rejected, paid] = [await rated(stuck), await rated(good)];
    await db.updateTable('escrows').set({ seq: 1n }).where('id', '=', stuck).execute(); // as if the index were wrong
    const expired = Array.from({ length: 6 }, () => ({
      ...({ hash: `0x${randomUUID()}` as never, kind: 'settle', state: 'expired', bytes: Buffer.of(0) } as const),
      validUntilBlock: 1,
      systemFee: 0n,
      networkFee: 0n,
    }));
    await db.insertInto('transactions').values(expired).execute(); // so that claims are tried one at a time
    expect(await settle(deps())).toHaveLength(1);
    await untilConfirmed();
    expect([await stateOf(rejected), await stateOf(paid)]).toEqual(['rated', 'settled']);
    const hashes = expired.map(({ hash }) => hash);
    await db.deleteFrom('transactions').where('hash', 'in', hashes).execute();
    await db.updateTable('escrows').set({ seq: 0n }).where('id', '=', stuck).execute();
    await settle(deps());
    await untilConfirmed();
    expect(await stateOf(rejected)).toBe('settled');
  });

  test('two settlers at once keep the limit of fees per hour', async () => {
    const ids = [await openEscrow(world, 1_000_000n), await openEscrow(world, 1_000_000n)];
    for (const id of ids) await rated(id);
    const spent = await feesSpent();
    const alone = (id?: bigint) => ({
      ...deps(),
      feePerHourLimit: datoshi(spent + 20_000_000n),
      resting: new Map([[id as bigint, Number.POSITIVE_INFINITY]]),
    });
    const both = await Promise.allSettled([settle(alone(ids[0])), settle(alone(ids[1]))]);
    expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(both.find(({ status }) => status === 'rejected')).toHaveProperty('reason.name', 'OutOfBudget');
    expect((await feesSpent()) - spent < 20_000_000n).toBe(true);
    await untilConfirmed();
    await settle(deps());
    await untilConfirmed();
  });

  test('the hour of the limit is that of Postgres, whatever the clock of a settler says', async () => {
    await rated(await openEscrow(world, 1_000_000n));
    await settle(deps());
    await untilConfirmed();
    const used = { ...deps(), feePerHourLimit: datoshi(await feesSpent()) };
    const now = vi.spyOn(Date, 'now').mockReturnValue(Date.now() + 7_200_000);
    try {
      await expect(readBudget(used)).rejects.toThrow(OutOfBudget);
    } finally {
      now.mockRestore();
    }
  });

  test('a node that is behind the index is left for the next one', async () => {
    const real = world.env.KRYPTON_RPC_URL as string;
    const { height: at } = await world.db.selectFrom('cursor').select('height').executeTakeFirstOrThrow();
    const frozen = await startFrozenNode(real, at - 3);
    const rpc = createRpc([frozen, real]);
    await leaveLaggingNode({ ...deps(), rpc });
    expect(await readHeight(rpc)).toBeGreaterThanOrEqual(at);
    const alone = leaveLaggingNode({ ...deps(), rpc: createRpc([frozen]) });
    await expect(alone).rejects.toThrow('the node lags');
  });

  test('where the fees of all cannot be paid, the nearest deadline is claimed and the rest waits without blame', async () => {
    await rated(await openEscrow(world, 1_000_000n));
    const [alone] = await settle(deps());
    await untilConfirmed();
    const spent = await feesSpent();
    const fee = (alone?.systemFee ?? 0n) + (alone?.networkFee ?? 0n);
    const later = await rated(await openEscrow(world, 1_000_000n, { durationMs: 1_200_000n }));
    const sooner = await rated(await openEscrow(world, 1_000_000n, { durationMs: 600_000n }));
    const short = { ...deps(), feePerHourLimit: datoshi(spent + fee + 2_000_000n) };
    expect(await settle(short)).toHaveLength(1);
    await expect(settle(short)).rejects.toThrow(OutOfBudget);
    await untilConfirmed();
    expect([await stateOf(sooner), await stateOf(later), await reasonOf(later)]).toEqual(['settled', 'rated', null]);
    await settle(deps());
    await untilConfirmed();
    expect(await stateOf(later)).toBe('settled');
  });
});

describe('hostile parties', () => {
  test('a provider that empties its balance does not fault a transaction with claims of others', async () => {
    const { db, rpc } = world;
    const attacker = await createFundedAccount();
    await world.send(attacker, 'deploy', { provider: attacker.address, location: 'sip.example.net' });
    await world.send(attacker, 'setOperator', { provider: attacker.address, operator: world.operator.address });
    await world.send(attacker, 'register', { user: attacker.address, provider: attacker.address, uuid: randomUUID() });
    await world.deposit(attacker, 1_000_000n);
    const terms = {
      amount: datoshi(900_000n),
      ratePerSecond: datoshi(1n),
      feePerCall: datoshi(1n),
      increment: 1n,
      maxParallel: 1n,
    };
    const open = {
      user: attacker.address,
      provider: attacker.address,
      ...terms,
      durationMs: 3_600_000n,
      claimWindowMs: 3_600_000n,
      voucherKey: null,
    };
    const { events } = await world.send(attacker, 'openEscrow', open);
    const own = events.find((event) => event.name === 'EscrowOpened')?.id as bigint;
    const honest = await openEscrow(world, 1_000_000n);
    const row = { provider: attacker.address, user: attacker.address };
    const ids = await db
      .insertInto('cdrs')
      .values([cdrRow(world, own, row), cdrRow(world, honest)])
      .returning('id')
      .execute();
    for (const { id } of ids) await eventually(async () => (await rateCdrs(deps(), [id])) === 1, 'the CDR is rated');
    const [sealed] = await settle(deaf(deps()));
    await world.send(attacker, 'withdraw', { account: attacker.address, amount: datoshi(100_000n) });
    await broadcast(rpc, sealed?.bytes as Buffer);
    await eventually(async () => (await confirm(deps())) === 0, 'nothing is pending');
    expect(await stateOf(ids[1]?.id as bigint)).toBe('settled');
  });

  test('a price beyond what a claim can hold stops nobody else', async () => {
    const { db } = world;
    const greedy = await openEscrow(world, 1n, { ratePerSecond: datoshi(2n ** 63n - 1n) });
    const honest = await openEscrow(world, 1_000_000n);
    const ids = await db
      .insertInto('cdrs')
      .values([cdrRow(world, greedy), cdrRow(world, honest)])
      .returning('id')
      .execute();
    for (const { id } of ids) await eventually(async () => (await rateCdrs(deps(), [id])) === 1, 'it is rated');
    expect(await Promise.all(ids.map(({ id }) => stateOf(id)))).toEqual(['rejected', 'rated']);
    expect(await reasonOf(ids[0]?.id as bigint)).toBe('overMaximum');
  });

  test('5,000 calls that must wait are told why once, and hold up nobody', async () => {
    const { db } = world;
    const waiting = await openEscrow(world, 1n);
    const honest = await openEscrow(world, 1_000_000n);
    const rows = Array.from({ length: 1_000 }, () => cdrRow(world, waiting));
    for (let i = 0; i < 5; i += 1) {
      const fresh = rows.map((cdr) => ({ ...cdr, callId: randomUUID() }));
      await db.insertInto('cdrs').values(fresh).execute();
    }
    // rated as if one behind the other: an escrow allows a hundred at a time
    await sql`insert into ratings (cdr_id, escrow_id, state, billable_seconds, price)
      select id, escrow_id, 'rated', 6, 11000 from cdrs where escrow_id = ${waiting}`.execute(db);
    const id = await rated(honest);
    await settle(deps());
    await eventually(async () => (await confirm(deps())) === 0, 'nothing is pending');
    expect(await stateOf(id)).toBe('settled');
    const { count } = await db
      .selectFrom('ratings')
      .select(({ fn }) => fn.countAll<bigint>().as('count'))
      .where('escrowId', '=', waiting)
      .where('reasonCode', '=', 'overAmount')
      .executeTakeFirstOrThrow();
    expect(BigInt(count)).toBe(5_000n);
  });

  test('a node that has not the contract yet parks nothing', async () => {
    const escrowId = await openEscrow(world, 1_000_000n);
    const id = await rated(escrowId);
    const faulting = {
      state: 'FAULT',
      exception: 'called contract not found',
      gasconsumed: '0',
      stack: [],
      notifications: [],
    };
    const behind = {
      ...world.rpc,
      call: (method: 'invokescript', params: unknown[] = []) =>
        method === 'invokescript' && Buffer.from(String(params[0]), 'base64').includes('settle')
          ? Promise.resolve(faulting as never)
          : world.rpc.call(method, params),
    } as never;
    expect(await settle({ ...deps(), rpc: behind })).toEqual([]);
    expect(await reasonOf(id)).toBe('refusedByChain');
    await settle(deps());
    await eventually(async () => (await confirm(deps())) === 0, 'nothing is pending');
    expect(await stateOf(id)).toBe('settled');
  });
});
