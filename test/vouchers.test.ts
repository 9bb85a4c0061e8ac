import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { problemSchema } from '../protocol/api/problem.ts';
import { keptVoucherSchema } from '../protocol/api/vouchers.ts';
import { createKey } from '../protocol/sign/key.ts';
import { signVoucher } from '../protocol/sign/voucher.ts';
import { hexOf } from '../protocol/types/bytes.ts';
import { datoshi } from '../protocol/types/datoshi.ts';
import { type ApiWorld, answer, contract, createApiWorld, moveTo, openEscrows } from './api-world.ts';

let world: ApiWorld;
const key = createKey();

beforeAll(async () => {
  world = await createApiWorld();
  await moveTo(world, 1);
  await openEscrows(world, world.provider, 1, 2, 3, 4);
  // 1 and 3: with a voucher key; 2: without; 3: closed; 4: past its deadline by the chain's clock
  await sql`update escrows set claim_deadline = (select time + interval '1 minute' from cursor)`.execute(world.db);
  await sql`update escrows set voucher_key = ${key.publicKey} where id <> 2`.execute(world.db);
  await sql`update escrows set state = 'closed' where id = 3`.execute(world.db);
  await sql`update escrows set claim_deadline = (select time - interval '1 ms' from cursor) where id = 4`.execute(
    world.db,
  );
});
afterAll(() => world.destroy());

async function voucher(total: bigint, given: { escrowId?: bigint; network?: number; signer?: typeof key } = {}) {
  const { escrowId = 1n, network = inject('base').network, signer = key } = given;
  const { signature } = await signVoucher(signer, { network, contract, escrowId }, datoshi(total));
  return { total: String(total), signature: hexOf(signature).slice(2) };
}

const handIn = async (id: number | string, body: unknown) =>
  answer(
    await fetch(`${world.url}/v1/escrows/${id}/vouchers`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    }),
  );

describe('a voucher handed in alone', () => {
  test('is kept where it is the highest, whoever hands it in', async () => {
    const kept = async (total: bigint) => keptVoucherSchema.parse((await handIn(1, await voucher(total))).body);
    expect(await kept(100n)).toEqual({ escrowId: 1, total: '100', spent: '0', unsettled: '0' });
    expect((await kept(300n)).total).toBe('300');
    expect((await kept(200n)).total).toBe('300');
    const totals = await Promise.all([310n, 340n, 320n, 330n].map(kept));
    expect(
      totals
        .map(({ total }) => Number(total))
        .sort()
        .at(-1),
    ).toBe(340);
    expect(await sql`select total from vouchers`.execute(world.db)).toMatchObject({ rows: [{ total: 340n }] });
  });

  test.each([
    ['of another escrow', () => voucher(500n, { escrowId: 2n }), 'voucherInvalid'],
    ['of another network', () => voucher(500n, { network: 1 }), 'voucherInvalid'],
    ['by another key', () => voucher(500n, { signer: createKey() }), 'voucherInvalid'],
    ['over another total', async () => ({ ...(await voucher(500n)), total: '501' }), 'voucherInvalid'],
    ['over more than the escrow holds', () => voucher(1001n), 'voucherInvalid'],
    ['over nothing', () => voucher(0n), 'invalidRequest'],
    ['with a mistyped field', async () => ({ ...(await voucher(500n)), totl: '1' }), 'invalidRequest'],
  ])('%s is refused', async (_, make, code) => {
    const { status, body } = await handIn(1, await make());
    expect([status, problemSchema.parse(body).code]).toEqual([code === 'voucherInvalid' ? 422 : 400, code]);
    expect(await sql`select total from vouchers`.execute(world.db)).toMatchObject({ rows: [{ total: 340n }] });
  });

  test.each([
    [2, 422, 'voucherInvalid', 'has no voucher key'],
    [3, 409, 'claimDeadlinePassed', 'is closed'],
    [4, 409, 'claimDeadlinePassed', 'the claim deadline of escrow 4 was'],
    [99, 404, 'unknownEscrow', 'no escrow 99'],
    ['x', 400, 'invalidRequest', 'expected a whole number'],
  ])('for escrow %s: %i %s', async (id, expected, code, words) => {
    const { status, body } = await handIn(id, await voucher(100n, { escrowId: BigInt(Number(id) || 1) }));
    expect([status, problemSchema.parse(body).code]).toEqual([expected, code]);
    expect(body.detail).toContain(words);
  });
});
