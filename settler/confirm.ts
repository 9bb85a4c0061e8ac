import { sql } from 'kysely';
import { NodeRefuses, NodeUnavailable } from '../chain/errors.ts';
import type { Execution } from '../chain/invoke.ts';
import { type Outcome, readOutcome } from '../chain/outcome.ts';
import type { Database, Tx } from '../database/connection.ts';
import { isDatabaseUnavailable } from '../database/errors.ts';
import { describe } from '../process/run.ts';
import { type FailedReason, wordsOf } from '../protocol/call/reasons.ts';
import { claimCode, claimCodeName } from '../protocol/contract/claim.ts';
import type { TxHash } from '../protocol/types/hash.ts';
import { height } from '../protocol/types/height.ts';
import { answersOf } from './answers.ts';
import type { Deps } from './deps.ts';
import { park } from './park.ts';
import { endRefunds, voidRefunds } from './refunds/outcome.ts';
import { release } from './release.ts';
import { submit } from './submit.ts';

/** Sealed transactions that are looked at in one round. */
const TRANSACTIONS_PER_ROUND = 100;
/** Codes after which nothing can be claimed from the escrow any more; all others may pass at another time. */
const finalReasons = new Map<number, FailedReason>([
  [claimCode.unknownEscrow, 'escrowClosed'], // its calls were rated for it: it was open once
  [claimCode.pastDeadline, 'pastDeadline'],
]);
/** A claim that is rejected so often for the same reason will not pass the next time. */
const MAX_REJECTIONS = 3;

/**
 * Asks the chain what became of each sealed transaction, and writes down what it says. Answers how many are still open.
 */
export async function confirm(deps: Deps): Promise<number> {
  const open = await deps.db
    .selectFrom('transactions')
    .select(['hash', 'bytes', 'validUntilBlock'])
    .where('state', '=', 'sealed')
    .orderBy('sealedAt')
    .limit(TRANSACTIONS_PER_ROUND)
    .execute();
  let pending = 0;
  for (const transaction of open) {
    try {
      if (!(await follow(deps, transaction))) pending += 1;
    } catch (error) {
      const refused = error instanceof NodeRefuses; // a node is there, and may know of the others
      if ((error instanceof NodeUnavailable && !refused) || isDatabaseUnavailable(error)) throw error;
      pending += 1;
      deps.log.error({ txHash: transaction.hash }, `its outcome can't be told: ${describe(error)}`); // the others' can
    }
  }
  return pending;
}

/** Answers whether the chain has decided. */
async function follow(
  deps: Deps,
  transaction: { hash: TxHash; bytes: Buffer; validUntilBlock: number },
): Promise<boolean> {
  const outcome = await readOutcome(deps.rpc, transaction.hash, height(transaction.validUntilBlock));
  if (outcome.kind === 'pending') {
    // it may never have reached the network
    if (outcome.height < transaction.validUntilBlock) await submit(deps, transaction);
    return false;
  }
  await resolve(deps, transaction.hash, outcome);
  return true;
}

async function resolve(deps: Deps, hash: TxHash, outcome: Exclude<Outcome, { kind: 'pending' }>): Promise<void> {
  if (outcome.kind === 'executed' && outcome.execution.state === 'HALT')
    return resolveHalted(deps, hash, outcome.height, outcome.execution);
  const exception = outcome.kind === 'executed' ? outcome.execution.exception : null;
  await deps.db.transaction().execute(async (tx) => {
    const state = outcome.kind === 'executed' ? 'faulted' : 'expired';
    const blockHeight = outcome.kind === 'executed' ? outcome.height : null;
    await tx
      .updateTable('transactions')
      .set({ state, height: blockHeight, exception })
      .where('hash', '=', hash)
      .where('state', '=', 'sealed')
      .execute();
    const claims = await tx
      .updateTable('claims')
      .set({ state: 'void' })
      .where('txHash', '=', hash)
      .where('state', '=', 'sealed')
      .returning('id')
      .execute();
    for (const { id } of claims) await release(tx, id);
    await voidRefunds(tx, hash);
  });
  deps.log.warn(
    { txHash: hash, exception },
    outcome.kind === 'expired'
      ? 'expired: what it held is sealed anew'
      : 'faulted: none of its claims or refunds took place',
  );
  if (exception !== null) await parkRepeatedFaults(deps, hash);
}

/** Each claim's own notification says accepted or rejected(code), each refund's that its escrow is closed. */
async function resolveHalted(deps: Deps, hash: TxHash, blockHeight: number, execution: Execution): Promise<void> {
  const answers = new Map(answersOf(deps, execution).map(({ escrowId, seq, code }) => [`${escrowId}/${seq}`, code]));
  const accepted: bigint[] = [];
  const rejections: { escrowId: bigint; code: number }[] = [];
  let refunds = 0;
  await deps.db.transaction().execute(async (tx) => {
    const { numUpdatedRows } = await tx
      .updateTable('transactions')
      .set({ state: 'halted', height: blockHeight })
      .where('hash', '=', hash)
      .where('state', '=', 'sealed')
      .executeTakeFirst();
    if (numUpdatedRows !== 1n) return; // another settler has written it down
    const claims = await tx
      .selectFrom('claims')
      .select(['id', 'escrowId', 'seq'])
      .where('txHash', '=', hash)
      .where('state', '=', 'sealed')
      .execute();
    for (const { id, escrowId, seq } of claims) {
      const code = answers.get(`${escrowId}/${seq}`);
      if (code === undefined)
        throw new Error(`transaction ${hash} halted without an answer to claim ${seq} of escrow ${escrowId}`);
      if (code === null) accepted.push(id);
      else {
        await reject(tx, id, code);
        rejections.push({ escrowId, code });
      }
    }
    await acceptClaims(tx, accepted);
    refunds = await endRefunds(tx, deps, hash, execution);
  });
  const [claims, rejected] = [answers.size, rejections.length];
  deps.log.info({ txHash: hash, height: blockHeight, claims, rejected, refunds }, 'confirmed');
  for (const { escrowId, code } of rejections) await parkRepeatedRejection(deps, escrowId, code);
}

/**
 * All of a transaction by two statements. The calls are looked up claim by claim, by their index: without statistics,
 * Postgres takes those of many claims for more than half of the table.
 */
export async function acceptClaims(tx: Database | Tx, claimIds: readonly bigint[]): Promise<void> {
  if (claimIds.length === 0) return;
  await sql`update claims set state = 'accepted' where id = any(${claimIds}::bigint[])`.execute(tx);
  await sql`
    update ratings set state = 'settled' where cdr_id = any(array(
      select own.cdr_id from unnest(${claimIds}::bigint[]) as accepted (claim_id)
      cross join lateral (select cdr_id from ratings where ratings.claim_id = accepted.claim_id offset 0) as own))`.execute(
    tx,
  );
}

async function reject(tx: Tx, claimId: bigint, code: number): Promise<void> {
  await tx.updateTable('claims').set({ state: 'rejected', code }).where('id', '=', claimId).execute();
  const reasonCode = finalReasons.get(code);
  if (reasonCode === undefined) return release(tx, claimId);
  await tx
    .updateTable('ratings')
    .set({ state: 'failed', claimId: null, amount: null, reasonCode, reason: wordsOf(reasonCode) })
    .where('claimId', '=', claimId)
    .execute();
}

/** Three times in a row for the same reason, though the chain said each time beforehand that it would accept. */
async function parkRepeatedRejection(deps: Deps, escrowId: bigint, code: number): Promise<void> {
  const newest = await deps.db
    .selectFrom('claims')
    .select(['state', 'code'])
    .where('escrowId', '=', escrowId)
    .where('state', 'in', ['accepted', 'rejected'])
    .orderBy('id', 'desc')
    .limit(MAX_REJECTIONS)
    .execute();
  const name = claimCodeName(code) ?? code;
  deps.log.error({ escrowId: Number(escrowId), code }, `claim rejected: ${name}`);
  const repeated = newest.length === MAX_REJECTIONS && newest.every((claim) => claim.code === code);
  if (code === claimCode.malformed || repeated) await park(deps, escrowId, `its claims were rejected as ${name}`);
}

/**
 * Only an escrow that faults alone, three times in a row, is to blame; a batch that faulted is tried in smaller ones.
 */
async function parkRepeatedFaults(deps: Deps, hash: TxHash): Promise<void> {
  const { rows } = await sql<{ escrowId: bigint }>`
    select mine.escrow_id from claims as mine
    cross join lateral (
      select transactions.state = 'faulted'
        and (select count(*) from claims where claims.tx_hash = transactions.hash) = 1 as faulted_alone
      from claims
      join transactions on transactions.hash = claims.tx_hash and transactions.state in ('halted', 'faulted')
      where claims.escrow_id = mine.escrow_id
      order by claims.id desc
      limit ${MAX_REJECTIONS}) as newest
    where mine.tx_hash = ${hash}
    group by mine.escrow_id
    having count(*) filter (where faulted_alone) = ${MAX_REJECTIONS}`.execute(deps.db);
  for (const { escrowId } of rows)
    await park(deps, escrowId, `the chain faulted on its claims ${MAX_REJECTIONS} times`);
}
