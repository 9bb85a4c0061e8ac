import { type Selectable, sql } from 'kysely';
import type { Database } from '../../database/connection.ts';
import type { Escrows } from '../../database/types.ts';
import type { KeptVoucher, SubmittedVoucher } from '../../protocol/api/vouchers.ts';
import { isVoucherValid } from '../../protocol/sign/voucher.ts';
import { bytesOfHex } from '../../protocol/types/bytes.ts';
import type { Deps } from '../deps.ts';
import { readCursor } from '../http/height.ts';
import { Refusal } from '../http/problem.ts';

/**
 * Keeps a voucher where it is the highest of its escrow. Anybody who holds a valid one may hand it in: it can be used
 * for its escrow alone, and for what its user signed. @throws Refusal unknownEscrow, claimDeadlinePassed,
 * voucherInvalid
 */
export async function keepVoucher(deps: Deps, id: number, voucher: SubmittedVoucher): Promise<KeptVoucher> {
  const { db } = deps;
  const { time } = await readCursor(db, deps);
  const escrow = await db.selectFrom('escrows').selectAll().where('id', '=', BigInt(id)).executeTakeFirst();
  if (!escrow) throw new Refusal('unknownEscrow', `there was no escrow ${id} up to this block`);
  if (escrow.state === 'closed')
    throw new Refusal('claimDeadlinePassed', `escrow ${id} is closed: nothing more can be claimed from it`);
  if (time > escrow.claimDeadline)
    throw new Refusal(
      'claimDeadlinePassed',
      `the claim deadline of escrow ${id} was ${escrow.claimDeadline.toISOString()}: nothing more can be claimed from it`,
    );
  checkVoucher(deps, escrow, voucher);
  await sql`
    insert into vouchers (escrow_id, total, signature) values (${escrow.id}, ${voucher.total}, ${voucher.signature})
    on conflict (escrow_id) do update
      set total = excluded.total, signature = excluded.signature, received_at = excluded.received_at
      where vouchers.total < excluded.total`.execute(db);
  return readKept(db, escrow);
}

/** @throws Refusal with what does not fit */
function checkVoucher(
  { network, contract }: Pick<Deps, 'network' | 'contract'>,
  { id, voucherKey, amount }: Selectable<Escrows>,
  { total, signature }: SubmittedVoucher,
): void {
  if (voucherKey === null)
    throw new Refusal('voucherInvalid', `escrow ${id} has no voucher key: its calls need no voucher`);
  if (total > amount)
    throw new Refusal('voucherInvalid', `the voucher is over ${total} datoshi, escrow ${id} holds ${amount} in all`);
  const scope = { network, contract, escrowId: id };
  if (!isVoucherValid(voucherKey, scope, { total, signature: bytesOfHex(signature) }))
    throw new Refusal(
      'voucherInvalid',
      `the signature is not by the voucher key of escrow ${id} over this total, for this contract on this network`,
    );
}

async function readKept(db: Database, { id, spent }: Selectable<Escrows>): Promise<KeptVoucher> {
  const { rows } = await sql<{ total: bigint; unsettled: bigint }>`
    select total,
      (select coalesce(sum(price), 0)::bigint from ratings where escrow_id = ${id} and state = 'rated' and price > 0)
      + (select coalesce(sum(amount), 0)::bigint from claims where escrow_id = ${id} and state = 'sealed') as unsettled
    from vouchers where escrow_id = ${id}`.execute(db);
  const [{ total, unsettled }] = rows as [(typeof rows)[number]];
  return { escrowId: Number(id), total: total.toString(), spent: spent.toString(), unsettled: unsettled.toString() };
}
