import type { Queue } from 'bullmq';
import { sql } from 'kysely';
import { describe } from '../process/run.ts';
import type { Deps } from './deps.ts';
import { refund } from './refund.ts';

/** Without Redis a refund comes this late; with it, a job wakes for each deadline. */
const EVERY_MS = 60_000;
/** Jobs are made for the deadlines of so long ahead: long enough for a settler that starts again. */
const AHEAD_MS = 10 * EVERY_MS;
/** The first block behind the deadline has to be indexed: two seconds, as long as a round. */
const INDEX_MS = 2_000;
const JOBS_AT_A_TIME = 1_000;

/**
 * Refunds what is overdue, now and then, and has the queue wake us at the deadlines that come next. All of it is found
 * in Postgres: a job that is lost only makes a refund later.
 */
export function createRefundRounds(deps: Deps, queue: Pick<Queue, 'addBulk'>): () => Promise<void> {
  let doneAt = Number.NEGATIVE_INFINITY;
  return async () => {
    if (deps.refundMinFees === null || performance.now() - doneAt < EVERY_MS) return;
    doneAt = performance.now();
    const jobs = await findDeadlines(deps);
    // Not waited for: Redis may be away, and says so elsewhere.
    queue.addBulk(jobs.map(jobOf)).catch((error) => deps.log.debug(`no job for refunds: ${describe(error)}`));
    await refund(deps);
  };
}

type Deadline = { id: bigint; claimDeadline: Date };

/** By the time of the chain, which may be seconds from ours: the job finds nothing to do if it is early. */
async function findDeadlines({ db }: Deps): Promise<Deadline[]> {
  return db
    .selectFrom('escrows')
    .select(['id', 'claimDeadline'])
    .where('state', '!=', 'closed')
    .where('claimDeadline', '>', sql<Date>`now()`)
    .where('claimDeadline', '<=', new Date(Date.now() + AHEAD_MS))
    .orderBy('claimDeadline')
    .limit(JOBS_AT_A_TIME)
    .execute();
}

const jobOf = ({ id, claimDeadline }: Deadline) => ({
  name: 'refund',
  data: { escrowId: id.toString() },
  opts: {
    // one for each deadline: an escrow that was extended gets another
    jobId: `refund-${id}-${claimDeadline.getTime()}`,
    delay: Math.max(0, claimDeadline.getTime() - Date.now()) + INDEX_MS,
    removeOnComplete: true,
    removeOnFail: true,
  },
});
