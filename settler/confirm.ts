import { sql } from 'kysely';
import { type Execution, type Outcome, readOutcome } from '../chain/transaction.ts';
import { height, type TxHash } from '../chain/types.ts';
import { claimCode, claimCodeName } from '../contract/client/claim.ts';
import { decodeEvent } from '../contract/client/event.ts';
import type { Tx } from '../database/connection.ts';
import type { Deps } from './deps.ts';
import { park } from './park.ts';
import { wordsOf } from './reasons.ts';
import { submit } from './submit.ts';

/** Sealed transactions that are looked at in one round. */
const TRANSACTIONS_PER_ROUND = 100;
/** Codes after which nothing can be claimed from the escrow any more; all others may pass at another time. */
const finalCodes: readonly number[] = [claimCode.unknownEscrow, claimCode.pastDeadline];
/** A claim that is rejected so often for the same reason will not pass the next time. */
const MAX_REJECTIONS = 3;

/** Asks the chain what became of each sealed transaction, and writes down what it says. Answers how many are still open. */
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
    const outcome = await readOutcome(deps.rpc, transaction.hash, height(transaction.validUntilBlock));
    if (outcome.kind === 'pending') {
      pending += 1;
      if (outcome.height < transaction.validUntilBlock) await submit(deps, transaction); // it may never have reached the network
    } else {
      await resolve(deps, transaction.hash, outcome);
    }
  }
  return pending;
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
  });
  deps.log.warn(
    { txHash: hash, exception },
    outcome.kind === 'expired' ? 'expired: its claims are sealed anew' : 'faulted: none of its claims took place',
  );
  if (exception !== null) await parkRepeatedFaults(deps, hash);
}

/** Each claim's own notification says accepted or rejected(code). */
async function resolveHalted(deps: Deps, hash: TxHash, blockHeight: number, execution: Execution): Promise<void> {
  const answers = answersOf(deps, execution);
  const rejections: { escrowId: bigint; code: number }[] = [];
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
      if (code === null) await accept(tx, id);
      else {
        await reject(tx, id, code);
        rejections.push({ escrowId, code });
      }
    }
  });
  deps.log.info({ txHash: hash, height: blockHeight, claims: answers.size, rejected: rejections.length }, 'confirmed');
  for (const { escrowId, code } of rejections) await parkRepeatedRejection(deps, escrowId, code);
}

/** escrow/seq -> null where accepted, else the code. */
function answersOf({ contract }: Pick<Deps, 'contract'>, { notifications }: Execution): Map<string, number | null> {
  const answers = new Map<string, number | null>();
  for (const notification of notifications.filter((emitted) => emitted.contract === contract)) {
    const event = decodeEvent(notification.name, notification.state);
    if (event.name === 'EscrowSettled') answers.set(`${event.id}/${event.seq}`, null);
    if (event.name === 'ClaimRejected') answers.set(`${event.escrowId}/${event.seq}`, Number(event.code));
  }
  return answers;
}

async function accept(tx: Tx, claimId: bigint): Promise<void> {
  await tx.updateTable('claims').set({ state: 'accepted' }).where('id', '=', claimId).execute();
  await tx.updateTable('ratings').set({ state: 'settled' }).where('claimId', '=', claimId).execute();
}

async function reject(tx: Tx, claimId: bigint, code: number): Promise<void> {
  await tx.updateTable('claims').set({ state: 'rejected', code }).where('id', '=', claimId).execute();
  if (!finalCodes.includes(code)) return release(tx, claimId);
  const reasonCode = claimCodeName(code) ?? 'unknownEscrow';
  await tx
    .updateTable('ratings')
    .set({ state: 'failed', claimId: null, amount: null, reasonCode, reason: wordsOf(reasonCode) })
    .where('claimId', '=', claimId)
    .execute();
}

/** The claim's calls are free to be claimed again. */
async function release(tx: Tx, claimId: bigint): Promise<void> {
  await tx
    .updateTable('ratings')
    .set({ state: 'rated', claimId: null, amount: null, reasonCode: null, reason: null })
    .where('claimId', '=', claimId)
    .execute();
}

async function parkRepeatedRejection(deps: Deps, escrowId: bigint, code: number): Promise<void> {
  const { count } = await deps.db
    .selectFrom('claims')
    .select(({ fn }) => fn.countAll<bigint>().as('count'))
    .where('escrowId', '=', escrowId)
    .where('state', '=', 'rejected')
    .where('code', '=', code)
    .executeTakeFirstOrThrow();
  const name = claimCodeName(code) ?? code;
  deps.log.error({ escrowId: Number(escrowId), code }, `claim rejected: ${name}`);
  if (code === claimCode.malformed || BigInt(count) >= MAX_REJECTIONS)
    await park(deps, escrowId, `its claims were rejected as ${name} ${count} times`);
}

async function parkRepeatedFaults(deps: Deps, hash: TxHash): Promise<void> {
  const escrows = await deps.db
    .selectFrom('claims as mine')
    .innerJoin('claims as others', 'others.escrowId', 'mine.escrowId')
    .innerJoin('transactions', 'transactions.hash', 'others.txHash')
    .select('mine.escrowId')
    .where('mine.txHash', '=', hash)
    .where('transactions.state', '=', 'faulted')
    .groupBy('mine.escrowId')
    .having(sql<boolean>`count(*) >= ${MAX_REJECTIONS}`)
    .execute();
  for (const { escrowId } of escrows)
    await park(deps, escrowId, `the chain faulted on its claims ${MAX_REJECTIONS} times`);
}
