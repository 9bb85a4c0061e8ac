import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { datoshi } from '../protocol/types/datoshi.ts';
import { confirm } from '../settler/confirm.ts';
import type { Deps } from '../settler/deps.ts';
import { rateCdrs } from '../settler/intake.ts';
import { takeBack } from '../settler/recover.ts';
import { refund } from '../settler/refund.ts';
import { settle } from '../settler/settle.ts';
import { type OwnNode, startOwnNode } from './harness/own-node.ts';
import { type Service, startService } from './harness/services.ts';
import { settlerDeps } from './harness/settler.ts';
import { cdrRow, createWorld, eventually, openEscrow, readStates, type World } from './harness/world.ts';

const minute = 60_000;
const amount = 10_000_000n;

let node: OwnNode;
let world: World;
let indexer: Service;

beforeAll(async () => {
  node = await startOwnNode();
  world = await createWorld(node);
  indexer = await startService('indexer', world.env);
});
afterAll(async () => {
  await indexer.stop();
  await world.destroy();
  await node.stop();
});

const deps = (given: Partial<Deps> = {}): Deps =>
  settlerDeps(world, { validForBlocks: 3, mayRollBack: false, ...given });
const untilConfirmed = () => eventually(async () => (await confirm(deps())) === 0, 'nothing is pending');

/** Escrows whose claim deadline is over, on the chain and in the index. */
async function overdue(count: number, given: Parameters<typeof openEscrow>[2] = {}): Promise<bigint[]> {
  const ids: bigint[] = [];
  for (let i = 0; i < count; i += 1)
    ids.push(
      await openEscrow(world, amount, { durationMs: BigInt(minute), claimWindowMs: BigInt(10 * minute), ...given }),
    );
  await pass();
  return ids;
}

async function pass(): Promise<void> {
  await node.moveTime(12 * minute);
  await eventually(async () => {
    const head = await world.db.selectFrom('cursor').select('time').executeTakeFirstOrThrow();
    const open = await world.db.selectFrom('escrows').select('claimDeadline').where('state', '!=', 'closed').execute();
    return open.length > 0 && open.every(({ claimDeadline }) => claimDeadline < head.time);
  }, 'the index is past every deadline');
}

const untilClosed = (ids: readonly bigint[]) =>
  eventually(async () => {
    const rows = await world.db.selectFrom('escrows').select(['state', 'refunded']).where('id', 'in', ids).execute();
    return rows.every(({ state }) => state === 'closed') && rows;
  }, 'the index has the refunds');

const refunds = async (ids: readonly bigint[]) =>
  (await world.db.selectFrom('refunds').select('state').where('escrowId', 'in', ids).orderBy('id').execute()).map(
    ({ state }) => state,
  );

/** What the user has back in their balance while something happens. */
async function returned(happens: () => Promise<unknown>): Promise<bigint> {
  const before = await world.reader.balanceOf(world.user.address);
  await happens();
  return (await world.reader.balanceOf(world.user.address)) - before;
}

/** Nothing is left over from another test. */
beforeEach(async () => {
  expect(await refund(deps())).toEqual([]);
});

describe('what nobody claimed goes back after the deadline', () => {
  test('of many escrows in one transaction, once', async () => {
    const ids = await overdue(3);
    const back = await returned(async () => {
      expect(await refund(deps())).toHaveLength(1);
      expect(await refund(deps())).toEqual([]);
      await untilConfirmed();
      await untilClosed(ids);
    });
    expect(back).toBe(3n * amount);
    expect(await refunds(ids)).toEqual(['done', 'done', 'done']);
  });

  test('and a call that was not claimed has failed, in words', async () => {
    const escrowId = await openEscrow(world, amount, {
      durationMs: BigInt(minute),
      claimWindowMs: BigInt(10 * minute),
    });
    const opened = await eventually(
      () => world.db.selectFrom('escrows').select('openedAt').where('id', '=', escrowId).executeTakeFirst(),
      'the index has the escrow',
    );
    const from = new Date(opened.openedAt.getTime() + 1_000);
    const row = cdrRow(world, escrowId, {
      startedAt: from,
      answeredAt: from,
      endedAt: new Date(from.getTime() + 3_000),
    });
    // the chain's time is ahead of the clock by now
    const { id } = await world.db
      .insertInto('cdrs')
      .values({ ...row, receivedAt: row.endedAt })
      .returning('id')
      .executeTakeFirstOrThrow();
    await pass();
    await rateCdrs(deps(), [id]);
    await refund(deps());
    await untilConfirmed();
    await untilClosed([escrowId]);
    await settle(deps());
    const told = (await readStates(world.db)).find((cdr) => cdr.id === id);
    expect(told).toMatchObject({
      state: 'failed',
      reasonCode: expect.stringMatching(/pastDeadline|refundedAfterDeadline/),
    });
  });

  test('not before, not for nobody’s operator, not where it is not worth the fee, not where it is switched off', async () => {
    const early = await openEscrow(world, amount);
    await eventually(
      () => world.db.selectFrom('escrows').select('id').where('id', '=', early).executeTakeFirst(),
      'the index has the escrow',
    );
    expect(await refund(deps())).toEqual([]);
    await world.send(world.provider, 'closeEscrow', { id: early });
    await untilClosed([early]);
    const ids = await overdue(1);
    expect(await refund(deps({ refundMinFees: null }))).toEqual([]);
    expect(await refund(deps({ refundMinFees: 10 })), 'a tenth of a GAS for 0.03').toEqual([]);
    expect(await refund(deps({ providers: [] }))).toEqual([]);
    expect(await refund(deps({ signer: world.owner }))).toEqual([]);
    expect(await refund(deps({ feePerHourLimit: datoshi(100n) })).catch((error: Error) => error.name)).toBe(
      'OutOfBudget',
    );
    expect(await refunds(ids)).toEqual([]);
    await refund(deps());
    await untilConfirmed();
    await untilClosed(ids);
  });

  test('though somebody else is first, before it is sealed and after', async () => {
    const ids = await overdue(3);
    const [first, second] = ids as [bigint, bigint, bigint];
    await indexer.stop();
    await world.send(world.user, 'refund', { id: first });
    const deaf: Deps['rpc'] = {
      ...world.rpc,
      call: (method, params) =>
        method === 'sendrawtransaction' ? Promise.resolve({} as never) : world.rpc.call(method, params),
    };
    const sealed = await refund(deps({ rpc: deaf, validForBlocks: 200 }));
    expect(sealed.length, 'found by halves, without the first').toBeGreaterThan(0);
    await world.send(world.user, 'refund', { id: second });
    await untilConfirmed();
    indexer = await startService('indexer', world.env);
    await eventually(async () => {
      await refund(deps());
      await confirm(deps());
      const rows = await world.db.selectFrom('escrows').select('state').where('id', 'in', ids).execute();
      // the one that shared its transaction with the second rests for an hour
      await world.db
        .updateTable('transactions')
        .set({ sealedAt: new Date(0) })
        .where('state', '=', 'faulted')
        .execute();
      return rows.every(({ state }) => state === 'closed');
    }, 'all are closed');
    await untilConfirmed();
    expect((await refunds(ids)).filter((state) => state === 'done').length).toBeLessThanOrEqual(2);
  });
});

describe('killed at each point, it is refunded once', () => {
  const crash = new Error('killed');
  const rpcThatDiesAt = (method: string, when: 'before' | 'after'): Deps['rpc'] => ({
    ...world.rpc,
    call: async (name, params) => {
      if (name !== method) return world.rpc.call(name, params);
      if (when === 'after') await world.rpc.call(name, params);
      throw crash;
    },
  });

  test.each<[string, string, 'before' | 'after']>([
    ['while its fee is asked for', 'calculatenetworkfee', 'before'],
    ['sealed, not sent', 'sendrawtransaction', 'before'],
    ['sent, and not known to be', 'sendrawtransaction', 'after'],
  ])('%s', async (_point, method, when) => {
    const ids = await overdue(2);
    const back = await returned(async () => {
      await expect(refund(deps({ rpc: rpcThatDiesAt(method, when) }))).rejects.toThrow(crash);
      await eventually(async () => {
        await refund(deps());
        await confirm(deps());
        const rows = await world.db.selectFrom('escrows').select('state').where('id', 'in', ids).execute();
        return rows.every(({ state }) => state === 'closed');
      }, 'both are closed');
      await untilConfirmed();
    });
    expect(back).toBe(2n * amount);
    expect(await refunds(ids)).toEqual(['done', 'done']);
  });

  test('by two settlers at once', async () => {
    const ids = await overdue(2);
    const back = await returned(async () => {
      const sealed = await Promise.all([refund(deps()), refund(deps()), refund(deps())]);
      expect(sealed.flat()).toHaveLength(1);
      await untilConfirmed();
      await untilClosed(ids);
    });
    expect(back).toBe(2n * amount);
  });

  test('a devnet that loses the block: it is open again, and done again', async () => {
    const ids = await overdue(1);
    const [sealed] = await refund(deps());
    await untilConfirmed();
    await untilClosed(ids);
    // as if the index had gone back, and come past the block without it
    const hash = sealed?.hash as string;
    const { height } = await world.db
      .selectFrom('transactions')
      .select('height')
      .where('hash', '=', hash as never)
      .executeTakeFirstOrThrow();
    const kept = await world.db
      .selectFrom('events')
      .selectAll()
      .where('txHash', '=', hash as never)
      .execute();
    await world.db
      .deleteFrom('events')
      .where('txHash', '=', hash as never)
      .execute();
    await world.db
      .insertInto('rollbacks')
      .values({ height: Number(height) - 1 })
      .execute();
    await takeBack(deps());
    expect(await refunds(ids)).toEqual(['sealed']);
    await untilConfirmed();
    expect(await refunds(ids)).toEqual(['done']);
    for (const { payload, ...event } of kept)
      await world.db
        .insertInto('events')
        .values({ ...event, payload: JSON.stringify(payload) })
        .execute();
  });
});
