import { NodeUnavailable, RpcError } from '../chain/errors.ts';
import type { Heads } from '../chain/heads.ts';
import { isDatabaseUnavailable } from '../database/errors.ts';
import { Outage } from '../process/outage.ts';
import type { Logger } from '../process/run.ts';
import type { Bell } from './bell.ts';
import { OutOfBudget } from './budget.ts';
import { confirm } from './confirm.ts';
import type { Deps } from './deps.ts';
import { rateCdrs } from './intake.ts';
import { leaveLaggingNode } from './lag.ts';
import type { Pulse } from './pulse.ts';
import { type Rating, rateAll } from './rate-all.ts';
import { findUnrated, takeBack } from './recover.ts';
import type { RefundJobs } from './refunds/jobs.ts';
import { createRefundLook } from './refunds/look.ts';
import { createNotServed } from './served.ts';
import { settle } from './settle.ts';

/** A round comes with each new block, and at least this often. */
export const ROUND_MS = 2_000;

export const loops = ['rate', 'settle', 'confirm', 'refund'] as const;

/**
 * Does whatever Postgres says is to be done, whether or not a job was ever queued for it: without Redis, this is all
 * there is. Four loops, so that much work of one kind does not hold up the others. Until the signal.
 */
export async function runRounds(
  deps: Deps,
  { heads, bell }: { heads: Pick<Heads, 'next'>; bell: Bell },
  signal: AbortSignal,
  refundJobs: Pick<RefundJobs, 'plan'>,
  pulse: Pick<Pulse, 'beat'>,
): Promise<void> {
  const tellNotServed = createNotServed(deps);
  const lookForRefunds = createRefundLook(deps);
  const rating: Rating = { newest: 0n, again: null, isNewBlock: false };
  const unrated = {
    find: (after: bigint) => findUnrated(deps, after),
    rate: async (cdrIds: readonly bigint[]) => {
      await rateCdrs(deps, cdrIds);
      pulse.beat('rate');
    },
  };
  const rounds: Record<(typeof loops)[number], () => Promise<void>> = {
    rate: () => rateAll(rating, unrated, signal),
    settle: async () => {
      await leaveLaggingNode(deps);
      await settle(deps);
    },
    confirm: async () => {
      await takeBack(deps);
      await tellNotServed();
      await leaveLaggingNode(deps);
      await confirm(deps);
    },
    refund: async () => {
      await refundJobs.plan();
      await lookForRefunds();
    },
  };
  /** What the index could not judge yet, it may judge with each new block. */
  const ringWithHeads = async () => {
    while (!signal.aborted) {
      await heads.next();
      rating.isNewBlock = true;
      bell.ring();
    }
  };
  const loopOf = (name: (typeof loops)[number]) =>
    loop(deps.log, name === 'rate' ? bell : heads, signal, rounds[name], () => pulse.beat(name));
  await Promise.all([ringWithHeads(), ...loops.map(loopOf)]);
}

/** Node or Postgres being away, or refusing, ends a round, not the settler: the next one tries again. */
async function loop(
  log: Logger,
  wake: { next(): Promise<unknown> },
  signal: AbortSignal,
  work: () => Promise<void>,
  ended: () => void,
): Promise<void> {
  const outage = new Outage(log, 'waiting');
  while (!signal.aborted) {
    const woken = wake.next();
    try {
      await work();
      outage.end();
    } catch (error) {
      if (!mayPass(error)) throw error;
      outage.report(error);
    }
    ended();
    await woken;
  }
}

function mayPass(error: unknown): boolean {
  const passing = [NodeUnavailable, RpcError, OutOfBudget];
  return passing.some((kind) => error instanceof kind) || isDatabaseUnavailable(error);
}
