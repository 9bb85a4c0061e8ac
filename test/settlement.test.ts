import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cdrLeaf } from '../protocol/call/cdr.ts';
import { merkleSumRoot } from '../protocol/call/merkle-sum.ts';
import { createKey } from '../protocol/sign/key.ts';
import { signVoucher } from '../protocol/sign/voucher.ts';
import { bytesOfHex, hexOf } from '../protocol/types/bytes.ts';
import { datoshi } from '../protocol/types/datoshi.ts';
import { createFundedAccount } from './harness/accounts.ts';
import { type Service, startService } from './harness/services.ts';
import {
  type CdrState,
  cdrRow,
  createWorld,
  eventually,
  openEscrow,
  readStates,
  terms,
  type World,
} from './harness/world.ts';

let world: World;
let services: Service[] = [];

beforeAll(async () => {
  world = await createWorld();
  services = await Promise.all([startService('indexer', world.env), startService('settler', world.env)]);
});
afterAll(async () => {
  await Promise.all(services.map((service) => service.stop()));
  await world.destroy();
});

async function submit(row: ReturnType<typeof cdrRow>): Promise<bigint> {
  return (await world.db.insertInto('cdrs').values(row).returning('id').executeTakeFirstOrThrow()).id;
}

const reached = (id: bigint, is: (cdr: CdrState) => boolean) =>
  eventually(async () => (await readStates(world.db)).find((cdr) => cdr.id === id && is(cdr)), `CDR ${id} gets there`);

const decided = (id: bigint) => reached(id, ({ state }) => state !== null && state !== 'rated' && state !== 'claimed');

const isIndexed = (escrowId: bigint) =>
  eventually(
    () => world.db.selectFrom('escrows').select('id').where('id', '=', escrowId).executeTakeFirst(),
    `escrow ${escrowId} is in Postgres`,
  );

/** What the provider earns on the chain while something happens. */
async function earned(happens: () => Promise<unknown>): Promise<bigint> {
  const before = await world.reader.balanceOf(world.provider.address);
  await happens();
  return (await world.reader.balanceOf(world.provider.address)) - before;
}

describe('a call is paid', () => {
  test('by the terms of its escrow, and the claim commits to it', async () => {
    const escrowId = await openEscrow(world, 10_000_000n, { increment: 2n });
    const row = cdrRow(world, escrowId, { ms: 4_001 });
    const income = await earned(async () =>
      expect(await decided(await submit(row))).toMatchObject({ state: 'settled', price: 11_000n, amount: 11_000n }),
    );
    expect(income).toBe(terms.feePerCall + 6n * terms.ratePerSecond);
    const { cdrRoot } = await world.db
      .selectFrom('claims')
      .select('cdrRoot')
      .where('escrowId', '=', escrowId)
      .executeTakeFirstOrThrow();
    const leaf = cdrLeaf(row as never, { billableSeconds: 6n, amount: datoshi(11_000n), tariffHash: null }, row.salt);
    expect(cdrRoot).toBe(hexOf(merkleSumRoot([leaf]).hash));
    expect(await world.reader.escrow(escrowId)).toMatchObject({ spent: 11_000n, seq: 1n, seconds: 6n, calls: 1n });
  });

  test('in full once a voucher covers it, and as far as it was signed after the escrow has ended', async () => {
    const key = createKey();
    const escrowId = await openEscrow(world, 10_000_000n, {
      voucherKey: Buffer.from(key.publicKey, 'hex'),
      durationMs: 60_000n,
    });
    const scope = { network: world.network, contract: world.contract, escrowId };
    const bare = await submit(cdrRow(world, escrowId));
    await reached(bare, ({ reasonCode }) => reasonCode === 'notCovered');
    const forged = await submit(
      cdrRow(world, escrowId, { voucher: await signVoucher(createKey(), scope, datoshi(50_000n)) }),
    );
    await reached(forged, ({ reasonCode }) => reasonCode === 'notCovered' || reasonCode === 'badVoucher');
    const covered = await submit(
      cdrRow(world, escrowId, {
        voucher: await signVoucher(key, scope, datoshi(25_000n)),
      }),
    );
    expect(await decided(bare)).toMatchObject({ state: 'settled', amount: 11_000n });
    expect(await decided(forged)).toMatchObject({ state: 'settled', amount: 11_000n });
    expect(await world.reader.escrow(escrowId)).toMatchObject({ spent: 22_000n });
    await reached(covered, ({ reasonCode }) => reasonCode === 'notCovered');
  });

  test('once a voucher covers it that was handed in alone', async () => {
    const key = createKey();
    const escrowId = await openEscrow(world, 10_000_000n, { voucherKey: bytesOfHex(key.publicKey) });
    const bare = await submit(cdrRow(world, escrowId));
    await reached(bare, ({ reasonCode }) => reasonCode === 'notCovered');
    const keep = async (signer: typeof key, total: bigint) => {
      const scope = { network: world.network, contract: world.contract, escrowId };
      const { signature } = await signVoucher(signer, scope, datoshi(total));
      await sql`insert into vouchers values (${escrowId}, ${total}, ${hexOf(signature).slice(2)})
        on conflict (escrow_id) do update set total = excluded.total, signature = excluded.signature`.execute(world.db);
    };
    await keep(createKey(), 20_000n); // of an escrow that had this id before a devnet lost its last blocks
    await keep(key, 11_000n);
    expect(await decided(bare)).toMatchObject({ state: 'settled', amount: 11_000n });
  });

  test('as far as the escrow reaches, once the user has closed it', async () => {
    const escrowId = await openEscrow(world, 20_000n);
    const [first, second] = [await submit(cdrRow(world, escrowId)), await submit(cdrRow(world, escrowId))];
    expect(await decided(first)).toMatchObject({ state: 'settled', amount: 11_000n });
    await reached(second, ({ reasonCode }) => reasonCode === 'overAmount');
    await world.send(world.user, 'closeEscrow', { id: escrowId });
    expect(await decided(second)).toMatchObject({
      state: 'settled',
      price: 11_000n,
      amount: 9_000n,
      reasonCode: 'capped',
    });
    expect(await world.reader.escrow(escrowId)).toMatchObject({ spent: 20_000n });
  });

  test('once, by the correction of a CDR that named the wrong escrow and of one that was not answered', async () => {
    const escrowId = await openEscrow(world, 1_000_000n);
    const right = cdrRow(world, escrowId);
    const wrong = await submit({ ...right, escrowId: 999_999n });
    await reached(wrong, ({ reasonCode }) => reasonCode === 'unknownEscrow');
    const busy = { answeredAt: null, disposition: 'busy', sipStatus: 486, corrects: wrong } as const;
    const second = await submit({ ...right, ...busy });
    await reached(second, ({ state }) => state === 'rated');
    const income = await earned(async () => {
      const corrected = await submit({ ...right, corrects: second });
      expect(await decided(corrected)).toMatchObject({ state: 'settled', amount: 11_000n });
    });
    expect(income).toBe(11_000n);
    await reached(wrong, ({ state }) => state === 'superseded');
    await reached(second, ({ state }) => state === 'superseded');
    expect(await world.reader.escrow(escrowId)).toMatchObject({ spent: 11_000n, calls: 1n });
  });

  test('not before its provider has named this operator', async () => {
    const none = { provider: world.provider.address, operator: null };
    const escrowId = await openEscrow(world, 1_000_000n);
    await world.send(world.provider, 'setOperator', none);
    const id = await submit(cdrRow(world, escrowId));
    await reached(id, ({ reasonCode }) => reasonCode === 'notAuthorised');
    await world.send(world.provider, 'setOperator', { ...none, operator: world.operator.address });
    expect(await decided(id)).toMatchObject({ state: 'settled', amount: 11_000n });
  });
});

describe('a call is not paid', () => {
  const minutes = (n: number) => new Date(Date.now() + n * 60_000);

  test('that was not answered: it costs nothing', async () => {
    const escrowId = await openEscrow(world, 1_000_000n);
    const id = await submit(
      cdrRow(world, escrowId, { answeredAt: null, disposition: 'busy' as const, sipStatus: 486 }),
    );
    expect(await reached(id, ({ state }) => state === 'rated')).toMatchObject({ price: 0n });
  });

  test.each([
    ['unknownEscrow', () => ({ escrowId: 999_999n })],
    ['foreignEscrow', () => ({ user: createKey().address })],
    ['endsBeforeItStarts', () => ({ startedAt: minutes(0), answeredAt: minutes(0), endedAt: minutes(-1) })],
    ['contradictoryDisposition', () => ({ disposition: 'busy' as const })],
    ['inTheFuture', () => ({ endedAt: minutes(2) })],
    ['outsideEscrowTime', () => ({ startedAt: minutes(-9), answeredAt: minutes(-9), endedAt: minutes(-8) })],
  ])('%s', async (reasonCode, wrong) => {
    const escrowId = await openEscrow(world, 1_000_000n);
    await isIndexed(escrowId); // a call of long ago is not waited for
    const id = await submit(cdrRow(world, escrowId, wrong()));
    expect(await decided(id)).toMatchObject({ state: 'rejected', reasonCode });
  });

  test('out of the escrow of another provider', async () => {
    const other = await createFundedAccount();
    const escrowId = await openEscrow(world, 1_000_000n);
    const id = await submit(cdrRow(world, escrowId, { provider: other.address }));
    expect(await decided(id)).toMatchObject({ state: 'rejected', reasonCode: 'foreignEscrow' });
  });
});

test('what the index derived is what the contract holds', async () => {
  const { db, reader } = world;
  for (const escrow of await db.selectFrom('escrows').selectAll().execute()) {
    const { id, state, refunded, ...fields } = escrow;
    expect(await reader.escrow(id)).toEqual(state === 'closed' ? null : fields);
    expect(refunded === null).toBe(state !== 'closed');
  }
  for (const { account, balance } of await db.selectFrom('balances').selectAll().execute())
    expect(await reader.balanceOf(account)).toBe(balance);
  const registrations = await db
    .selectFrom('registrations')
    .select(['provider', 'uuid', 'registeredAt'])
    .where('user', '=', world.user.address)
    .execute();
  expect(await reader.registrations(world.user.address)).toEqual(registrations);
});
