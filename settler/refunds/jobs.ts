import { Queue, Worker } from 'bullmq';
import type { Redis } from 'ioredis';
import { sql } from 'kysely';
import type { z } from 'zod';
import { defaultPrefix, jobs, refundsQueue } from '../../database/queues.ts';
import { Outage } from '../../process/outage.ts';
import { within } from '../../process/within.ts';
import type { Deps } from '../deps.ts';
import { leaveLaggingNode } from '../lag.ts';
import { findRefunds, isPaidFor } from './find.ts';
import { refund } from './refund.ts';

/** Wakes a settler when an escrow expires. The rounds find the same escrow: this only makes it sooner. */
export type RefundJobs = {
  /** Sees to it that there is a job for each escrow that expires soon. Costs nothing until it is time to look again. */
  plan(): Promise<void>;
  close(): Promise<void>;
};

const PLAN_EVERY_MS = 60_000;
/**
 * Every deadline is known ten minutes ahead, which is the contract's shortest claim window. So Redis holds a few minutes
 * of them, however many escrows there are.
 */
const PLAN_AHEAD_MS = 300_000;
/** Escrows beyond are left to the rounds, or to the next plan. */
const MAX_PLANNED = 1_000;
/** A block behind the deadline has to be there, and in the index. */
const BLOCKS_TO_WAIT = 2;
/** Redis answers in milliseconds; one that is away must not hold up the rounds. */
const LIMIT_MS = 2_000;

type Connection = { connection: Redis; msPerBlock: number; report: (error: unknown) => void };

export function createRefundJobs(deps: Deps, { connection, msPerBlock, report }: Connection): RefundJobs {
  if (deps.refundMinFees === null) return { plan: async () => {}, close: async () => {} };
  const queue = new Queue<z.infer<typeof jobs.refund>>(refundsQueue, {
    connection,
    prefix: defaultPrefix,
    defaultJobOptions: { removeOnComplete: true, removeOnFail: true },
  });
  queue.on('error', report);
  const worker = new Worker(refundsQueue, (job) => wake(deps, BigInt(jobs.refund.parse(job.data).escrowId)), {
    connection,
    prefix: defaultPrefix,
  });
  worker.on('error', report);
  const failures = new Outage(deps.log, 'a refund waits for the next round');
  worker.on('failed', (_job, error) => failures.report(error));
  worker.on('completed', () => failures.end());

  let plannedAt = Number.NEGATIVE_INFINITY;
  return {
    plan: async () => {
      if (connection.status !== 'ready' || performance.now() - plannedAt < PLAN_EVERY_MS) return;
      const expiring = await findExpiring(deps, Date.now());
      const added = queue
        .addBulk(expiring.map((escrow) => jobOf(escrow, BLOCKS_TO_WAIT * msPerBlock)))
        .then(() => true, report);
      if (await within(LIMIT_MS, added)) plannedAt = performance.now();
    },
    close: async () => {
      await worker.close();
      await within(
        LIMIT_MS,
        queue.close().catch(() => {}),
      );
    },
  };
}

/** Looks for itself whether there is anything to do: a job may come twice, late or too early. */
async function wake(deps: Deps, escrowId: bigint): Promise<void> {
  const due = await findRefunds(deps.db, deps, { limit: 1, among: [escrowId] });
  if (due.length === 0) return;
  await leaveLaggingNode(deps);
  await refund(deps); // all that is due: they share the transaction
}

type Expiring = { id: bigint; claimDeadline: Date };

/** Whose deadline is near, and not over; the nearest first. */
async function findExpiring({ db, signer, providers }: Deps, now: number): Promise<Expiring[]> {
  const { rows } = await sql<Expiring>`
    select escrows.id, claim_deadline
    from escrows
    -- an undeployed provider has no operator
    left join providers on providers.provider = escrows.provider and undeployed_at is null
    where escrows.state <> 'closed' and amount > spent
      and claim_deadline >= ${new Date(now)} and claim_deadline < ${new Date(now + PLAN_AHEAD_MS)}
      and ${isPaidFor({ signer, providers })}
    order by claim_deadline
    limit ${MAX_PLANNED}`.execute(db);
  return rows;
}

/** Planned again, it is the same job; a deadline that has moved gets a job of its own, and the other finds nothing. */
function jobOf({ id, claimDeadline }: Expiring, waitMs: number) {
  return {
    name: 'refund',
    data: { escrowId: String(id) },
    opts: { jobId: `escrow-${id}-${claimDeadline.getTime()}`, delay: claimDeadline.getTime() - Date.now() + waitMs },
  };
}
