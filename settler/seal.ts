import { sql } from 'kysely';
import type { Tx } from '../database/connection.ts';
import { hasSqlState, sqlState } from '../database/errors.ts';
import { insertRows } from '../database/rows.ts';
import { wordsOf } from '../protocol/call/reasons.ts';
import type { SignedTransaction } from '../protocol/contract/transaction.ts';
import { hexOf } from '../protocol/types/bytes.ts';
import type { TxHash } from '../protocol/types/hash.ts';
import { checkHour } from './budget.ts';
import type { PreparedClaim } from './claim.ts';
import type { Deps } from './deps.ts';

/** Any number that nobody else locks in this database: settlers seal one after the other. */
const SEAL_LOCK = 0x5e_a1;

/** Nothing is sealed by anybody else until this transaction ends. */
export async function lockSealing(tx: Tx): Promise<void> {
  await sql`select pg_advisory_xact_lock(${SEAL_LOCK})`.execute(tx);
}

/** Another settler has claimed one of these calls in the meantime: nothing was sealed. */
class Overtaken extends Error {
  override name = 'Overtaken';
}

/**
 * Commits a transaction's signed bytes, together with what it stands for, before the network sees any of it. From here
 * on two facts decide: the transaction's application log, or a chain past its `validUntilBlock` without it. Answers
 * false, and changes nothing, where another settler was faster. @throws OutOfBudget
 */
export async function sealTransaction(
  deps: Pick<Deps, 'db' | 'feePerHourLimit'>,
  signed: SignedTransaction,
  kind: 'settle' | 'refund',
  commit: (tx: Tx) => Promise<void>,
): Promise<boolean> {
  const { hash, bytes, validUntilBlock, systemFee, networkFee } = signed;
  const row = { hash, kind, bytes: Buffer.from(bytes), validUntilBlock, systemFee, networkFee };
  try {
    await deps.db.transaction().execute(async (tx) => {
      await lockSealing(tx);
      await checkHour(tx, deps, systemFee + networkFee);
      await tx
        .insertInto('transactions')
        .values({ ...row, state: 'sealed' })
        .execute();
      await commit(tx);
    });
    return true;
  } catch (error) {
    if (error instanceof Overtaken || hasSqlState(error, sqlState.uniqueViolation)) return false;
    throw error;
  }
}

/** Seals claims and their calls. */
export function seal(
  deps: Pick<Deps, 'db' | 'feePerHourLimit'>,
  signed: SignedTransaction,
  prepared: readonly PreparedClaim[],
): Promise<boolean> {
  return sealTransaction(deps, signed, 'settle', async (tx) => {
    await lockCalls(
      tx,
      prepared.flatMap(({ calls }) => calls.map((call) => call.cdrId)),
    );
    await insertRows(
      tx,
      'claims',
      prepared.map(({ claim }) => claimRow(claim, signed.hash)),
    );
    await claimRatings(tx, signed.hash, prepared);
  });
}

/** @throws Overtaken where one of them is not to be claimed any more */
async function lockCalls(tx: Tx, ids: readonly bigint[]): Promise<void> {
  const locked = await tx
    .selectFrom('ratings')
    .select('cdrId')
    .where('cdrId', '=', sql<bigint>`any(${ids})`)
    .where('state', '=', 'rated')
    .orderBy('cdrId')
    .forUpdate()
    .skipLocked()
    .execute();
  if (locked.length !== ids.length) throw new Overtaken();
}

function claimRow({ voucher, cdrRoot, ...claim }: PreparedClaim['claim'], txHash: string) {
  const voucherSignature = voucher ? Buffer.from(voucher.signature).toString('hex') : null;
  return {
    ...claim,
    txHash,
    state: 'sealed',
    cdrRoot: hexOf(cdrRoot),
    voucherTotal: voucher?.total ?? null,
    voucherSignature,
  };
}

/** Each call gets its claim, and what is claimed for it. */
async function claimRatings(tx: Tx, txHash: TxHash, prepared: readonly PreparedClaim[]) {
  const claims = await tx.selectFrom('claims').select(['id', 'escrowId']).where('txHash', '=', txHash).execute();
  const claimOf = new Map(claims.map((claim) => [claim.escrowId, claim.id]));
  const rows = prepared.flatMap(({ claim, calls }) =>
    calls.map(({ cdrId, price, amount }) => ({
      cdrId,
      amount,
      claimId: claimOf.get(claim.escrowId),
      capped: amount < price,
    })),
  );
  await sql`
    update ratings set state = 'claimed', claim_id = c.claim_id, amount = c.amount,
      reason_code = case when c.capped then 'capped' end, reason = case when c.capped then ${wordsOf('capped')} end
    from unnest(${rows.map((row) => row.cdrId)}::bigint[], ${rows.map((row) => row.claimId)}::bigint[],
      ${rows.map((row) => row.amount)}::bigint[], ${rows.map((row) => row.capped)}::boolean[]) as c (cdr_id, claim_id, amount, capped)
    where ratings.cdr_id = c.cdr_id`.execute(tx);
}
