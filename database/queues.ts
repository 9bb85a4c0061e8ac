import { z } from 'zod';

/**
 * The one queue between API and settler. A job is a wake-up: it carries ids, never facts, and may be lost, repeated or
 * come late, because the settler finds everything that is due in Postgres anyway.
 */
export const settlerQueue = 'settler';

/** Redis Cluster keeps keys with the same tag in braces on one node, which BullMQ's scripts need. */
export const defaultPrefix = '{krypton}';

export const jobs = {
  /** CDRs that were just committed. */
  rate: z.object({
    cdrIds: z
      .array(z.string().regex(/^\d{1,19}$/))
      .min(1)
      .max(1000),
  }),
  /** The claim deadline of an escrow is over. */
  refund: z.object({ escrowId: z.string().regex(/^\d{1,19}$/) }),
};

/**
 * Redis has become a replica (a fail-over): a new connection may find the primary. READONLY is the code of that answer.
 */
export const isReadOnly = (error: Error): boolean => error.message.startsWith('READONLY ');
