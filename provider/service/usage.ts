import type { Limits } from '../kamailio/limits-file.ts';
import type { CallKind } from './decide-call.ts';
import type { Counter } from './decide-limits.ts';
import type { Store } from './store.ts';

/**
 * What a user does, counted from the calls themselves: it survives whatever the calls survive. Calls that a user makes
 * and calls that reach them are counted apart: whoever is called often must not become mute.
 */

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

const lately = "from calls where user = $user and direction = $direction and invited_at > $day and method = 'INVITE'";

/** Each with the call that is asked for; of the last 24 hours where it does not say otherwise. */
const counts = {
  total: `select count(*) + 1 as n ${lately}`,
  perMinute: `select count(*) + 1 as n ${lately} and invited_at > $minute`,
  // since the last call to somebody else
  sequence: `select count(*) + 1 as n ${lately} and to_party = $to
    and invited_at > coalesce((select max(invited_at) ${lately} and to_party <> $to), 0)`,
  // held or running since whenever
  concurrent: "select count(*) + 1 as n from calls where user = $user and direction = $direction and state <> 'over'",
  // of what was talked so far: how long this call will last nobody knows
  duration: `select cast(coalesce(sum(max(coalesce(ended_at, $now) - answered_at, 0)), 0) / 1000 as integer) as n
    ${lately} and answered_at > 0`,
  distinct: `select count(distinct to_party) as n from (select to_party ${lately} union all select $to)`,
} as const satisfies Partial<Record<Counter, string>>;
export type UserCounter = keyof typeof counts;
export const userCounters = Object.keys(counts) as UserCounter[];

/** Where nobody has set a limit nothing is counted. */
export function usageOf(
  store: Store,
  limits: Limits,
  { payer, direction, to }: Pick<CallKind, 'payer' | 'direction' | 'to'>,
  at: Date,
): Partial<Record<UserCounter, number>> {
  const now = at.getTime();
  const values = { user: payer, direction, to, now, day: now - DAY_MS, minute: now - MINUTE_MS };
  const wanted = userCounters.filter((name) => limits[name].warn !== null || limits[name].refuse !== null);
  return Object.fromEntries(
    wanted.map((name) => {
      const statement = store.prepare(counts[name]);
      statement.setAllowUnknownNamedParameters(true); // not each of them needs all
      return [name, Number(statement.get(values)?.n)];
    }),
  );
}
