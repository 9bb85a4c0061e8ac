import type { Deps } from '../deps.ts';
import { leaveLaggingNode } from '../lag.ts';
import { refund } from './refund.ts';

/** Nothing is lost by waiting, and escrows that are not worth their fee are looked at each time. */
const LOOK_EVERY_MS = 60_000;

/** Finds in Postgres what is to be refunded, at once and then now and then: without Redis, this is all there is. */
export function createRefundLook(deps: Deps): () => Promise<void> {
  let lookedAt = Number.NEGATIVE_INFINITY;
  return async () => {
    if (deps.refundMinFees === null || performance.now() - lookedAt < LOOK_EVERY_MS) return;
    await leaveLaggingNode(deps);
    await refund(deps);
    lookedAt = performance.now();
  };
}
