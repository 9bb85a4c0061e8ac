import { MAX_NOTIFICATIONS } from '../protocol/contract/claim.ts';
import type { Deps } from './deps.ts';

/** One claim makes one notification, and the chain takes so many in a transaction. */
const MAX_BATCH_SIZE = MAX_NOTIFICATIONS;
const FACTOR = 4;
/** Enough to grow from one claim to the largest batch again. */
const TRANSACTIONS_LOOKED_AT = 6;

/** How many claims go into the next transaction. */
export async function readBatchSize({ db }: Pick<Deps, 'db'>): Promise<number> {
  const newest = await db
    .selectFrom('transactions')
    .select('state')
    .select(({ selectFrom, fn }) =>
      selectFrom('claims')
        .select(fn.countAll<bigint>().as('count'))
        .whereRef('txHash', '=', 'transactions.hash')
        .as('claims'),
    )
    .where('state', '!=', 'sealed')
    .orderBy('sealedAt', 'desc')
    .limit(TRANSACTIONS_LOOKED_AT)
    .execute();
  return batchSize(
    newest.reverse().map(({ state, claims }) => ({ halted: state === 'halted', claims: Number(claims) })),
  );
}

/**
 * After a transaction that faulted, or that no block took in (it may be too dear for one), a quarter of its claims
 * share the next one's fate, down to one alone; after each that went well, four times as many. From the oldest to the
 * newest.
 */
export function batchSize(transactions: readonly { halted: boolean; claims: number }[]): number {
  return transactions.reduce((size, { halted, claims }) => {
    const next = halted ? size * FACTOR : Math.floor(Math.min(size, claims) / FACTOR);
    return Math.min(MAX_BATCH_SIZE, Math.max(1, next));
  }, MAX_BATCH_SIZE);
}
