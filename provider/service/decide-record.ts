import type { SubmittedCdr } from '../../protocol/api/cdrs.ts';
import { partySchema } from '../../protocol/call/form.ts';
import { priceOf } from '../../protocol/call/price.ts';
import { type Datoshi, datoshi } from '../../protocol/types/datoshi.ts';
import type { Call } from './calls.ts';
import { endOf } from './decide-watch.ts';
import { earlier, later } from './moments.ts';

/** What is kept of a call that is over, and what is handed in of it. */

export type Disposition = SubmittedCdr['disposition'];

/** How it ended, as Kamailio says, or as it follows from what was seen last. */
export type Ended = {
  answeredAt: Date | null;
  endedAt: Date;
  sipStatus: number;
  hangupBy: string | null;
  /** Its first 18x; left out where nobody has noted it. */
  ringingAt?: Date | null;
};

export type CallRecord = {
  answeredAt: Date | null;
  endedAt: Date;
  disposition: Disposition;
  sipStatus: number;
  hangupBy: string | null;
  /** Null: it was free. */
  price: Datoshi | null;
  /** As the API takes it; null where there is nobody to pay it. */
  cdr: CdrDocument | null;
};

export type CdrDocument = Omit<SubmittedCdr, 'startedAt' | 'answeredAt' | 'endedAt' | 'voucher' | 'corrects'> & {
  startedAt: string;
  answeredAt: string | null;
  endedAt: string;
};

/**
 * Never more is billed than what was held, nor beyond the last packet of sound or the moment at which a phone was cut
 * off, whoever ends the call then: a timer that fires late is not the user's loss. An answer without an end that follows
 * it ends at once.
 */
export function recordOf(call: Call, ended: Ended): CallRecord {
  const { charge } = call;
  const { answeredAt, hangupBy } = ended;
  const sipStatus = answeredAt ? 200 : ended.sipStatus;
  const held =
    answeredAt && charge ? endOf({ charge: { ...charge, hold: { ...charge.hold, heldFrom: answeredAt } } }) : null;
  const bounds = [held, call.billedUntil, call.lostAt].filter((bound) => bound !== null);
  const bounded = bounds.reduce(earlier, ended.endedAt);
  const endedAt = later(bounded, answeredAt ?? call.invitedAt);
  const disposition = answeredAt ? 'answered' : dispositionOf(sipStatus);
  const facts = { answeredAt, endedAt, disposition, sipStatus, hangupBy };
  if (charge === null || call.user === null) return { ...facts, price: null, cdr: null };
  const { price } = priceOf(answeredAt && endedAt.getTime() - answeredAt.getTime(), charge.terms);
  const cdr: CdrDocument = {
    callId: call.callId,
    escrowId: Number(charge.escrowId),
    user: call.user,
    direction: call.direction,
    from: partyOf(call.from),
    to: partyOf(call.to),
    startedAt: earlier(call.invitedAt, answeredAt ?? call.invitedAt).toISOString(),
    answeredAt: answeredAt?.toISOString() ?? null,
    endedAt: endedAt.toISOString(),
    disposition,
    sipStatus,
    ...(hangupBy && { hangupBy }),
  };
  return { ...facts, price: datoshi(price), cdr };
}

/** RFC 3261, section 21. */
function dispositionOf(status: number): Disposition {
  if (status === 486 || status === 600 || status === 603) return 'busy';
  if (status === 487) return 'cancelled';
  if (status === 408 || status === 480) return 'no-answer';
  return 'failed';
}

/** What a gateway says of a caller may be anything. */
const partyOf = (text: string): string => (partySchema.safeParse(text).success ? text : 'anonymous');
