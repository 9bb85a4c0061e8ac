import { type Action, type ChargedCall, endOf } from './decide-watch.ts';
import type { Deps } from './deps.ts';

/** A running call as it was looked at, and what was done about it then. */
export type Looked = {
  call: ChargedCall;
  action: Action | null;
  /** Null: it is closed. */
  escrowEndsAt: Date | null;
};

export type Timeouts = {
  /** Tells Kamailio what it does not know yet. @throws KamailioUnavailable */
  tell(looked: readonly Looked[]): Promise<void>;
  forgetAllBut(underWay: ReadonlySet<string>): void;
};

/** Kamailio's own timers: they end a call at the same second, where we can't. */
export function createTimeouts({ kamailio, limits, now }: Pick<Deps, 'kamailio' | 'limits' | 'now'>): Timeouts {
  const startedAt = now();
  /** Until when Kamailio lets each call run; null: not until the moment that it should. */
  const known = new Map<string, number | null>();
  /** Seconds that calls were permitted which ring: a new deck may make them fewer at the answer. */
  const permitted = new Map<string, number>();

  /** A call begins with what it was permitted, which Kamailio counts from the answer as well. */
  function noteBeginning({ call, action }: Looked, answeredAt: Date): void {
    if (action?.kind === 'extend') known.set(call.callId, null);
    if (known.has(call.callId) || call.invitedAt < startedAt) return;
    const seconds = Math.min(permitted.get(call.callId) ?? call.charge.hold.seconds, limits.longestCall.refuse);
    known.set(call.callId, answeredAt.getTime() + seconds * 1000);
  }

  return {
    tell: async (looked) => {
      for (const each of looked) {
        const { answeredAt, callId, charge } = each.call;
        if (answeredAt) noteBeginning(each, answeredAt);
        else permitted.set(callId, charge.hold.seconds);
      }
      for (const { call, action, escrowEndsAt } of looked) {
        const { callId, state, dialog, answeredAt, endReason } = call;
        const isEnding = action?.kind === 'end' || endReason !== null || escrowEndsAt === null;
        if (state !== 'running' || dialog === null || answeredAt === null || isEnding) continue;
        const paid = endOf(action?.kind === 'extend' ? action : call).getTime();
        const longest = answeredAt.getTime() + limits.longestCall.refuse * 1000;
        const until = Math.min(paid, escrowEndsAt.getTime(), longest);
        if (known.get(callId) === until) continue;
        const seconds = Math.max(1, Math.ceil((until - now().getTime()) / 1000));
        if (await kamailio.setTimeout(dialog, seconds)) known.set(callId, until);
      }
    },
    forgetAllBut: (underWay) => {
      for (const each of [known, permitted])
        for (const callId of each.keys()) if (!underWay.has(callId)) each.delete(callId);
    },
  };
}
