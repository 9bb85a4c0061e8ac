import { type RawBuilder, sql } from 'kysely';
import { ScriptFault } from '../chain/invoke.ts';
import { FeeLimitExceeded, signScript } from '../chain/transaction.ts';
import { insertRows } from '../database/rows.ts';
import { contractCall } from '../protocol/contract/call.ts';
import { type SignedTransaction, scriptOf } from '../protocol/contract/transaction.ts';
import { datoshi } from '../protocol/types/datoshi.ts';
import type { Deps } from './deps.ts';
import { halve } from './halve.ts';
import { sealTransaction } from './seal.ts';
import { submit } from './submit.ts';

/** Of one transaction: a refund costs a third of a claim, and one that somebody else did first spoils them all. */
const REFUNDS_PER_TRANSACTION = 32;
/** One that faulted on chain is tried again so late: a person may have refunded it meanwhile. */
const FAULTED_REST = sql`interval '1 hour'`;

type Overdue = { id: bigint; rest: bigint };
type Some = readonly [Overdue, ...Overdue[]];
/** Fees of claims come first: refunds leave so much of the hour's limit to them. */
const hourLimitOf = ({ feePerHourLimit }: Deps) => ({ feePerHourLimit: datoshi(feePerHourLimit / 2n) });

/**
 * Refunds what nobody claimed in time, where the rest is worth the fee; users can do it themselves at any time. Sealed,
 * submitted and confirmed as claims are. Answers the transactions that were sealed.
 */
export async function refund(deps: Deps): Promise<SignedTransaction[]> {
  if (deps.refundMinFees === null) return [];
  const [first, ...more] = await findOverdue(deps);
  return first ? refundBatch(deps, [first, ...more]) : [];
}

/** The contract's own rule: time of a block later than the deadline. The largest rest comes first. */
async function findOverdue({ db, signer, providers }: Deps): Promise<Overdue[]> {
  const { rows } = await sql<Overdue>`
    select escrows.id, amount - spent as rest
    from escrows join providers using (provider)
    where escrows.state <> 'closed' and amount > spent and claim_deadline < (select time from cursor)
      -- the operator pays for those that it serves
      and (provider = ${signer.address} or (operator = ${signer.address} and undeployed_at is null))
      and ${providers === null ? sql`true` : sql`provider = any(${providers}::text[])`}
      -- on a devnet that lost blocks, what took place is not known yet
      and not exists (select from rollbacks, handled_rollbacks where rollbacks.id > handled_rollbacks.rollback_id)
      and not exists (select from claims where claims.escrow_id = escrows.id and claims.state = 'sealed')
      and not exists (select from refunds where refunds.escrow_id = escrows.id and refunds.state <> 'void')
      and not ${hasFaultedLately}
    order by rest desc, escrows.id
    limit ${REFUNDS_PER_TRANSACTION}`.execute(db);
  return rows;
}

const hasFaultedLately: RawBuilder<boolean> = sql`exists (
  select from refunds join transactions on transactions.hash = refunds.tx_hash
  where refunds.escrow_id = escrows.id and transactions.state = 'faulted' and sealed_at > now() - ${FAULTED_REST})`;

/** What would fault is found by halves; the others are refunded. */
async function refundBatch(deps: Deps, batch: Some): Promise<SignedTransaction[]> {
  try {
    const signed = await sign(deps, batch);
    const fee = (signed.systemFee + signed.networkFee) / BigInt(batch.length);
    const worth = batch.filter(({ rest }) => rest >= fee * BigInt(deps.refundMinFees ?? 0));
    const [first, ...more] = worth;
    if (worth.length === batch.length) return await sealAndSubmit(deps, signed, batch);
    return first ? await refundBatch(deps, [first, ...more]) : [];
  } catch (error) {
    const isTooDear = error instanceof FeeLimitExceeded;
    if (!(isTooDear || error instanceof ScriptFault)) throw error;
    const next = halve(batch, isTooDear ? 'tooDear' : 'refused');
    if (next.kind === 'both')
      return [...(await refundBatch(deps, next.first)), ...(await refundBatch(deps, next.second))];
    deps.log.info({ escrowId: Number(batch[0].id) }, `not refunded now: ${error.message}`);
    return [];
  }
}

function sign({ rpc, network, contract, signer, validForBlocks, feePerTransactionLimit }: Deps, batch: Some) {
  const script = scriptOf(batch.map(({ id }) => contractCall(contract, 'refund', { id })));
  return signScript(rpc, script, { network, signer, validForBlocks, feeLimit: feePerTransactionLimit });
}

/** @throws OutOfBudget */
async function sealAndSubmit(deps: Deps, signed: SignedTransaction, batch: Some): Promise<SignedTransaction[]> {
  const rows = batch.map(({ id }) => ({ escrowId: id, txHash: signed.hash, state: 'sealed' }));
  const isSealed = await sealTransaction({ db: deps.db, ...hourLimitOf(deps) }, signed, 'refund', (tx) =>
    insertRows(tx, 'refunds', rows),
  );
  if (!isSealed) return []; // another settler was faster
  deps.log.info({ txHash: signed.hash, refunds: batch.length, validUntilBlock: signed.validUntilBlock }, 'sealed');
  await submit(deps, signed);
  return [signed];
}
