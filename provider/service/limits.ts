import type { Terms } from '../../protocol/call/price.ts';
import { callsAnsweredBefore } from './calls.ts';
import type { CallKind } from './decide-call.ts';
import { type Finding, judge, type LimitName, type Measured, type Verdict } from './decide-limits.ts';
import { NONCE_MS } from './decide-registration.ts';
import type { Deps } from './deps.ts';
import { usageOf } from './usage.ts';

/** What is too much is refused, counted, and kept for a person to see. */

type LimitDeps = Pick<Deps, 'store' | 'limits' | 'rates' | 'metrics' | 'log'>;

const SECOND_MS = 1_000;
const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

export type CallToLimit = { method: 'INVITE' | 'MESSAGE'; kind: CallKind; terms: Terms | null; at: Date };

/** The limit that refuses a call which is about to begin; asked in the step that writes the call, or not at all. */
export function limitCall(deps: LimitDeps, { method, kind, terms, at }: CallToLimit): LimitName | null {
  const { store, limits, rates } = deps;
  const price = terms && { ratePerSecond: terms.ratePerSecond, feePerCall: terms.feePerCall };
  const often: Measured['counters'] =
    method === 'MESSAGE'
      ? { messagesPerMinute: rates.note('message', kind.from, MINUTE_MS, at) }
      : { ...usageOf(store, limits, kind, at), callsPerSecond: rates.count('call', 'any', SECOND_MS, at) + 1 };
  const dialled = kind.target.kind === 'gateway' ? { number: kind.target.number, at } : null;
  const refusal = tell(deps, judge(limits, { counters: { ...price, ...often }, dialled }), kind.payer, kind.to, at);
  if (refusal === null && method === 'INVITE') rates.note('call', 'any', SECOND_MS, at);
  return refusal;
}

/** The limit that refuses a REGISTER: of one address from one source, so that no stranger locks anybody out. */
export function limitRegistration(
  deps: LimitDeps,
  { user, source, isAsking, at }: { user: string; source: string; isAsking: boolean; at: Date },
): LimitName | null {
  const { rates, limits } = deps;
  const own = `${user} ${source}`;
  const counters: Measured['counters'] = {
    registrationsPerAddress: rates.note('register', own, MINUTE_MS, at),
    registrationsPerSource: rates.note('register', source, MINUTE_MS, at),
    ...(isAsking && {
      noncesPerAddress: rates.note('nonce', own, NONCE_MS, at),
      noncesPerSource: rates.note('nonce', source, NONCE_MS, at),
    }),
  };
  return tell(deps, judge(limits, { counters, dialled: null }), source, user, at);
}

/** A warning of each call that lasts longer than most; its end is Kamailio's timer. */
export function warnOfLongCalls(deps: LimitDeps, warned: Set<string>, at: Date): void {
  const { warn } = deps.limits.longestCall;
  const long = warn === null ? [] : callsAnsweredBefore(deps.store, new Date(at.getTime() - warn * SECOND_MS));
  for (const callId of warned) if (!long.some((call) => call.callId === callId)) warned.delete(callId);
  for (const { callId, user, to } of long) {
    if (warned.has(callId)) continue;
    warned.add(callId);
    tell(deps, [{ limit: 'longestCall', verdict: 'warned' }], user ?? 'nobody', to, at);
  }
}

/** Days that are kept. */
const KEPT_DAYS = 30;
/** Rows that are kept, the newest: who can make up addresses, can make many. */
const MAX_ROWS = 10_000;

const counterOf = {
  refused: 'limit_refusals',
  wouldRefuse: 'limit_dry_refusals',
  warned: 'limit_warnings',
} as const satisfies Record<Verdict, string>;

function tell({ store, metrics, log }: LimitDeps, findings: Finding[], who: string, what: string, at: Date) {
  for (const { limit, verdict } of findings) {
    const day = at.toISOString().slice(0, 10);
    metrics.count(counterOf[verdict], limit);
    const row = store
      .prepare(`insert into limit_counts values (?, ?, ?, ?, 1, ?, ?) on conflict (day, limit_name, verdict, who)
        do update set count = count + 1, last_at = excluded.last_at, last_what = excluded.last_what returning count`)
      .get(day, limit, verdict, who, at.getTime(), what);
    if (row?.count !== 1n) continue; // the others of this day are in the table
    log.warn({ limit, verdict, who, what }, 'a limit is passed');
    store.prepare('delete from limit_counts where last_at < ?').run(at.getTime() - KEPT_DAYS * DAY_MS);
    store.prepare('delete from limit_counts where rowid <= (select max(rowid) from limit_counts) - ?').run(MAX_ROWS);
  }
  return findings.find(({ verdict }) => verdict === 'refused')?.limit ?? null;
}

/** What was passed lately, the newest first, and how many calls there were meanwhile. */
export function showLimits({ store, limits, now }: Pick<Deps, 'store' | 'limits' | 'now'>) {
  const since = now().getTime() - KEPT_DAYS * DAY_MS;
  const rows = store.prepare('select * from limit_counts where last_at >= ? order by last_at desc').all(since);
  const begun = store.prepare('select count(*) as n from calls where invited_at >= ?').get(since);
  return {
    limits,
    days: KEPT_DAYS,
    calls: Number(begun?.n),
    items: rows.map(({ day, limit_name, verdict, who, count, last_at, last_what }) => {
      const lastAt = new Date(Number(last_at)).toISOString();
      return { day, limit: limit_name, verdict, who, count: Number(count), lastAt, last: last_what };
    }),
  };
}
