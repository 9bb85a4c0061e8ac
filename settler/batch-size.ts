import { MAX_NOTIFICATIONS } from '../protocol/contract/claim.ts';
import type { TransactionKind } from './budget.ts';
import type { Deps } from './deps.ts';

/** One claim makes one notification, and the chain takes so many in a transaction. */
const MAX_BATCH_SIZE = MAX_NOTIFICATIONS;
const FACTOR = 4;
/** Enough to grow from one claim to the largest batch again. */
const TRANSACTIONS_LOOKED_AT = 6;

/**
 * They are dearer than a claim, save little by company, and one that somebody else has refunded faults all: a batch of
 * these costs 7 GAS at genesis prices.
 */
const MAX_REFUNDS = 64;

const largest = { settle: MAX_BATCH_SIZE, refund: MAX_REFUNDS };

/** How many claims, or refunds, go into the next transaction. */
export async function readBatchSize({ db }: Pick<Deps, 'db'>, kind: TransactionKind = 'settle'): Promise<number> {
  const newest = await db
    .selectFrom('transactions')
    .select('state')
    .select(({ selectFrom, fn }) =>
      selectFrom(kind === 'settle' ? 'claims' : 'refunds')
        .select(fn.countAll<bigint>().as('count'))
        .whereRef('txHash', '=', 'transactions.hash')
        .as('size'),
    )
    .where('kind', '=', kind)
    .where('state', '!=', 'sealed')
    .orderBy('sealedAt', 'desc')
    .limit(TRANSACTIONS_LOOKED_AT)
    .execute();
  return batchSize(
    newest.reverse().map(({ state, size }) => ({ halted: state === 'halted', size: Number(size) })),
    largest[kind],
  );
}

/**
 * After a transaction that faulted, or that no block took in (it may be too dear for one), a quarter of its claims
 * share the next one's fate, down to one alone; after each that went well, four times as many. From the oldest to the
 * newest.
 */
export function batchSize(
  transactions: readonly { halted: boolean; size: number }[],
  largest: number = MAX_BATCH_SIZE,
): number {
  return transactions.reduce((size, made) => {
    const next = made.halted ? size * FACTOR : Math.floor(Math.min(size, made.size) / FACTOR);
    return Math.min(largest, Math.max(1, next));
  }, largest);
}
