import { NodeUnavailable, RpcError } from '../chain/errors.ts';
import type { Heads } from '../chain/heads.ts';
import { isDatabaseUnavailable } from '../database/errors.ts';
import { Outage } from '../process/outage.ts';
import type { Logger } from '../process/run.ts';
import { OutOfBudget } from './budget.ts';
import { confirm } from './confirm.ts';
import type { Deps } from './deps.ts';
import { rateCdrs } from './intake.ts';
import { leaveLaggingNode } from './lag.ts';
import type { Pulse } from './pulse.ts';
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
  heads: Heads,
  signal: AbortSignal,
  refundJobs: Pick<RefundJobs, 'plan'>,
  pulse: Pick<Pulse, 'beat'>,
): Promise<void> {
  const tellNotServed = createNotServed(deps);
  const lookForRefunds = createRefundLook(deps);
  const rounds: Record<(typeof loops)[number], () => Promise<void>> = {
    rate: () => rateAll(deps, signal),
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
  await Promise.all(loops.map((name) => loop(deps.log, heads, signal, rounds[name], () => pulse.beat(name))));
}

/** Rates in batches, from the oldest on; what the index can't judge yet is left for the next round. */
async function rateAll(deps: Deps, signal: AbortSignal): Promise<void> {
  for (let after = 0n; !signal.aborted; ) {
    const cdrIds = await findUnrated(deps, after);
    const last = cdrIds.at(-1);
    if (last === undefined) return;
    await rateCdrs(deps, cdrIds);
    after = last;
  }
}

/** Node or Postgres being away, or refusing, ends a round, not the settler: the next one tries again. */
async function loop(
  log: Logger,
  heads: Heads,
  signal: AbortSignal,
  work: () => Promise<void>,
  ended: () => void,
): Promise<void> {
  const outage = new Outage(log, 'waiting');
  while (!signal.aborted) {
    const woken = heads.next();
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
